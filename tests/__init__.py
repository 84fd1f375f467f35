"""The suite mirrors the packages."""
