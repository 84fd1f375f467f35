"""The audit of signed calls in the admin, for looking only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from polyphemus_site.api.models import SignedCall


@admin.register(SignedCall)
class SignedCallAdmin(admin.ModelAdmin[SignedCall]):
    """Who called, and why a call was refused."""

    list_display = ("at", "accepted", "reason", "key_id", "scheme", "address", "method", "path")
    list_filter = ("accepted", "reason", "scheme", "key_id")
    search_fields = ("key_id", "address", "path", "request_id")
    date_hierarchy = "at"
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows are written by the calls themselves, and stay."""
        del request, obj
        return False

    has_change_permission = has_add_permission
    has_delete_permission = has_add_permission
