"""The loaders that ship with Polyphemus, one folder each."""
