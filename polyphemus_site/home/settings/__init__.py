"""A project's settings as a page."""
