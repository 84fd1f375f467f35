"""Signed calls: what was sent, as values, and the schemes that verify it without any I/O."""
