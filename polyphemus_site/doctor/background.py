"""Celery's workers: whether any answers."""

from __future__ import annotations

from datetime import datetime

from polyphemus_site.celery import app
from polyphemus_site.health import Finding

ANSWER_SECONDS = 2.0


def workers(now: datetime) -> Finding:
    """Who answers a ping through the broker."""
    del now
    answered = sorted(app.control.inspect(timeout=ANSWER_SECONDS).ping() or {})
    if not answered:
        return Finding.fail(
            "workers", "No Celery worker answers.", "Start `celery -A polyphemus_site worker` on some host."
        )
    return Finding.ok("workers", f"{len(answered)} answer: {', '.join(answered[:5])}.")
