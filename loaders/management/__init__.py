"""Commands of the loaders app."""
