"""Delivered folders, verified."""
