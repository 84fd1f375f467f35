"""Every write of the loaders app."""
