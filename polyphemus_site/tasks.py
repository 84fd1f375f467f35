"""Background work of the composition root."""

from __future__ import annotations

from celery import shared_task

from polyphemus_site import heartbeats
from polyphemus_site.clock import now


@shared_task
def record_heartbeat() -> None:
    """Run by beat every ten seconds."""
    heartbeats.record(now=now())
