"""Loaders, their vocabulary of checks, scans and suggestions."""
