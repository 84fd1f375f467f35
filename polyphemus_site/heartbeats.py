"""Signs of life, written by a task that beat orders."""

from __future__ import annotations

from datetime import datetime, timedelta

from polyphemus_site.models import Heartbeat

BEAT = "beat"
#: Beat orders one every ten seconds; a worker that is busy for a while is no reason to worry.
LATE_AFTER = timedelta(minutes=2)


def record(*, now: datetime) -> None:
    """Move the sign of life forward; an order that was delayed never moves it back."""
    _, is_new = Heartbeat.objects.get_or_create(name=BEAT, defaults={"at": now})
    if not is_new:
        Heartbeat.objects.filter(name=BEAT, at__lt=now).update(at=now)


def age(*, now: datetime) -> timedelta | None:
    """How long ago the last one was; None when there never was one."""
    last = Heartbeat.objects.filter(name=BEAT).values_list("at", flat=True).first()
    return None if last is None else now - last
