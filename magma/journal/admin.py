"""The journal in the admin, for looking only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from magma.journal.models import Forwarding, JournalEntry


class ReadOnly:
    """Nothing is added, changed or deleted by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """No."""
        del request, obj
        return False

    has_change_permission = has_add_permission
    has_delete_permission = has_add_permission


class ForwardingInline(ReadOnly, admin.StackedInline[Forwarding, JournalEntry]):
    """How passing the entry on went."""

    model = Forwarding
    fields = ("forwarded_at", "tries", "retry_at", "error")


@admin.register(JournalEntry)
class JournalEntryAdmin(ReadOnly, admin.ModelAdmin[JournalEntry]):
    """What came in, whether the apps took it, and whether it was passed on."""

    list_display = (
        "received_at",
        "project_name",
        "sender",
        "event",
        "message",
        "user",
        "handled_at",
        "tries",
    )
    list_filter = ("project_name", "sender", "event", ("handled_at", admin.EmptyFieldListFilter))
    search_fields = ("message", "user")
    date_hierarchy = "received_at"
    inlines = (ForwardingInline,)

    def get_exclude(self, request: HttpRequest, obj: JournalEntry | None = None) -> tuple[str, ...]:
        """In the documents nobody has marked what is restricted: they are for who may see all of it."""
        person = getattr(request, "person", None)
        may_see = person is not None and obj is not None and person.can_see_restricted(obj.project_name)
        return () if may_see else ("documents",)
