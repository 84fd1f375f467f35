"""Whole stories between real processes."""
