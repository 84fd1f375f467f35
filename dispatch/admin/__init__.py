"""Dispatch in the admin."""

from dispatch.admin import keys, requests

__all__ = ["keys", "requests"]
