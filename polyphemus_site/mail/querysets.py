"""Questions asked of notices."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet

from polyphemus_site.mail.states import OWED, NoticeStatus

if TYPE_CHECKING:
    from polyphemus_site.mail.models import Notice  # noqa: F401 — names the row in the type below

#: A notice unsent for longer than this is worth an operator's look.
OVERDUE_AFTER = timedelta(minutes=30)


class NoticeQuerySet(QuerySet["Notice"]):
    """Notices."""

    def due(self, *, now: datetime) -> NoticeQuerySet:
        """Whose next try has come, or whose sender has been silent past its lease."""
        return self.filter(status__in=OWED, due_at__lte=now).order_by("due_at", "pk")

    def failed(self) -> NoticeQuerySet:
        """Given up."""
        return self.filter(status=NoticeStatus.FAILED)

    def overdue(self, *, now: datetime) -> NoticeQuerySet:
        """Still unsent long after they were written, or after the time they were held for."""
        since = now - OVERDUE_AFTER
        held = Q(status=NoticeStatus.HELD)
        return self.filter(Q(held, due_at__lte=since) | Q(~held, status__in=OWED, created_at__lte=since))
