"""The engine: connections that persist, statements that are kept ready."""
