"""The journal's background work; beat starts each."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task

from magma.journal.services import entries, forwarding
from polyphemus_site import clock

#: How long entries are kept for people to look at.
KEPT_FOR = timedelta(days=90)


@shared_task
def tell_again() -> int:
    """Tell the apps about entries they could not take: a broker was away, or a receiver failed."""
    return entries.tell_again(now=clock.now())


@shared_task
def forward_due() -> int:
    """Pass on what is owed to the event log."""
    return sum(forwarding.forward(pk, now=clock.now()) for pk in forwarding.due(now=clock.now()))


@shared_task
def forget_old() -> int:
    """Let go of old entries."""
    return entries.forget(before=clock.now() - KEPT_FOR)
