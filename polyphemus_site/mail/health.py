"""How the outbox is doing, for /readyz, the doctor and /metrics."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Min
from prometheus_client.core import GaugeMetricFamily, Metric

from polyphemus_site.health import Finding
from polyphemus_site.mail.models import Notice
from polyphemus_site.mail.states import OWED, NoticeStatus
from polyphemus_site.metrics import gauge


def outbox(now: datetime) -> Finding:
    """Whether notices get out."""
    failed, overdue = Notice.objects.failed().count(), Notice.objects.overdue(now=now).count()
    if overdue:
        return Finding.warn(
            "mail",
            f"{overdue} notice(s) are unsent for over half an hour.",
            "See a notice's events in the admin for what the mail server says; check POLYPHEMUS_EMAIL_URL.",
        )
    if failed:
        return Finding.warn(
            "mail",
            f"{failed} notice(s) were given up.",
            "See them in the admin, mend the cause, and choose “Try failed notices again”.",
        )
    return Finding.ok("mail", "No notice is stuck.")


def measure(now: datetime) -> Iterator[Metric]:
    """Notices by status, and the age of the oldest that is still owed."""
    counted = Notice.objects.values_list("status").annotate(Count("pk")).order_by()
    present: dict[str, int] = dict.fromkeys(NoticeStatus.values, 0) | dict(counted)
    yield gauge("notices", "Notices by status.", "status", sorted(present.items()))
    oldest = Notice.objects.filter(status__in=OWED).aggregate(at=Min("created_at"))["at"]
    age = (now - oldest).total_seconds() if oldest else 0.0
    yield GaugeMetricFamily("polyphemus_notice_oldest_owed_seconds", "Age of the oldest unsent notice.", age)
