"""The API's background work; beat starts each."""

from __future__ import annotations

from celery import shared_task

from polyphemus_site import clock
from polyphemus_site.api import audit, nonces, repeats


@shared_task
def drain_audit() -> int:
    """Write the notes of believed calls."""
    return audit.drain()


@shared_task
def forget_old() -> int:
    """Let go of nonces whose calls have expired, and of what the audit need not keep."""
    return nonces.DatabaseNonces().forget(now=clock.now()) + audit.forget(now=clock.now())


@shared_task
def forget_answers() -> int:
    """Let go of answers nobody will ask for again."""
    return repeats.forget(now=clock.now())
