"""Questions about journal entries."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from magma.journal.models import Forwarding, JournalEntry  # noqa: F401 — for the types below


class JournalEntryQuerySet(models.QuerySet["JournalEntry"]):
    """Which entries."""

    def unhandled(self, *, now: datetime) -> JournalEntryQuerySet:
        """Entries some receiver has not taken and whose next try has come, oldest first."""
        return self.filter(handled_at=None, retry_at__lte=now).order_by("retry_at", "pk")

    def overlooked(self, *, before: datetime) -> JournalEntryQuerySet:
        """Entries received before an instant that some receiver has not taken yet."""
        return self.filter(handled_at=None, received_at__lt=before)


class ForwardingQuerySet(models.QuerySet["Forwarding"]):
    """Which entries are owed to the event log."""

    def due(self, *, now: datetime) -> ForwardingQuerySet:
        """Not passed on yet and due for a try, oldest first."""
        return self.filter(forwarded_at=None, retry_at__lte=now).order_by("retry_at", "pk")

    def failing(self) -> ForwardingQuerySet:
        """Tried in vain at least once, and still owed."""
        return self.filter(forwarded_at=None).exclude(error="")
