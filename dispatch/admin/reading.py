"""What is read in the admin and written elsewhere."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


class ReadOnly:
    """Shows rows and changes none: requests are changed by their services, which keep the history."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 — Django's signature
        """No."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 — Django's signature
        """No."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 — Django's signature
        """No."""
        return False
