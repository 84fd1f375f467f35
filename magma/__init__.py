"""The only package that talks to the warehouse."""
