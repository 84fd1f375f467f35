"""What REDCap holds and Magma should."""
