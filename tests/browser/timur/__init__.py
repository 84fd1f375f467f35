"""A page like Timur's own, on another host of the same domain."""
