"""Mail owed to the people who decided: counts only, no names of records."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from orphans.models import Review
from orphans.states import Fate
from polyphemus_site.mail import outbox
from polyphemus_site.sentences import form_of


def removal_done(review: Review, *, now: datetime) -> None:
    """The removal has come to its end."""
    fates = [Fate(fate) for fate in review.items.values_list("fate", flat=True)]
    counts = {"removed": fates.count(Fate.REMOVED), "left": fates.count(Fate.SPARED)}
    _tell(review, "orphan_removal_done", counts, key=f"orphan-removal-done:{review.pk}", now=now)


def removal_stopped(review: Review, *, now: datetime) -> None:
    """The removal waits for somebody to mend something; each stop is told once."""
    key = f"orphan-removal-stopped:{review.pk}:{now.timestamp()}"
    _tell(review, "orphan_removal_stopped", {"trouble": form_of(review.trouble)}, key=key, now=now)


def _tell(review: Review, kind: str, words: dict[str, Any], *, key: str, now: datetime) -> None:
    """Called inside the move's transaction."""
    path = f"/{review.project}/orphans/reviews/{review.pk}"
    context = {"project": review.project, "review": review.pk, "path": path} | words
    for recipient in sorted({review.decided_by, review.approved_by} - {""}):
        outbox.write(kind=kind, recipient=recipient, context=context, key=f"{key}:{recipient}", now=now)
