"""Tables that lie in Metis and belong into records or their tables."""
