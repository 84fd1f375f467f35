"""Background work of the composition root."""

from __future__ import annotations

from celery import shared_task

from polyphemus_site import heartbeats
from polyphemus_site.clock import now
from polyphemus_site.home import channels, digests, readers


@shared_task
def record_heartbeat() -> None:
    """Run by beat every ten seconds."""
    heartbeats.record(now=now())


@shared_task
def send_due_digests() -> int:
    """Run by beat every minute; the number of digests written."""
    return digests.send_due(now=now())


@shared_task
def post_to_channels() -> int:
    """Run by beat every minute; the number of digests posted."""
    return channels.post_due(now=now())


@shared_task
def meet(email: str, letters: dict[str, str]) -> None:
    """Called when somebody comes by, with their roles as Janus's letters."""
    readers.meet(email, letters, now=now())
