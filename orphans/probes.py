"""What orphans say to /readyz, doctor and /metrics: how the looks go, which removals want somebody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count
from prometheus_client.core import Metric

from magma.removal.errors import RemovalError
from magma.removal.registry import adapter
from orphans.models import Orphan, Review, Search
from orphans.states import ReviewStatus
from polyphemus_site import metrics
from polyphemus_site.health import Finding

#: A project nobody has looked at for this long.
LATE = timedelta(hours=1)


def orphans(now: datetime) -> list[Finding]:
    """Whether orphans are looked for, and whether removals go on."""
    found = [*_searches(now), *_reviews(), *_adapter()]
    return found or [Finding.ok("orphans", "Orphans are looked for, and no removal is stuck.")]


def _searches(now: datetime) -> Iterator[Finding]:
    for search in Search.objects.order_by("project", "-started_at").distinct("project"):
        if search.error:
            yield Finding.warn(
                "orphans",
                f"The last look for orphans in {search.project} failed: {search.error}",
                "It is tried again by itself; `manage.py doctor` tries Magma.",
            )
        elif search.started_at < now - LATE:
            yield Finding.warn(
                "orphans",
                f"No look for orphans in {search.project} since {search.started_at:%Y-%m-%d %H:%M} UTC.",
                "See whether a worker and beat run.",
            )


def _reviews() -> Iterator[Finding]:
    for review in Review.objects.unfinished().exclude(trouble="").order_by("pk"):
        if review.status != ReviewStatus.HANDED_OVER:
            page = f"{settings.POLYPHEMUS_URL}/{review.project}/orphans/reviews/{review.pk}"
            yield Finding.warn(
                "removals", f"{review} waits: {review.trouble}", f"Mend it, then go on: {page}"
            )


def _adapter() -> Iterator[Finding]:
    try:
        adapter()
    except RemovalError as error:
        yield Finding.warn("removals", error.message, "See docs/reference/environment.md, Orphans.")


def measured(now: datetime) -> Iterable[Metric]:
    """Orphans by state and reviews by state, over all projects."""
    del now
    for name, about, rows in (
        ("orphans", "Orphans by state.", Orphan.objects.order_by()),
        ("orphan_reviews", "Reviews of orphans by state.", Review.objects.order_by()),
    ):
        counted = rows.values_list("status").annotate(count=Count("pk"))
        yield metrics.gauge(name, about, "status", counted)
