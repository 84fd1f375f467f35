"""Signs of life, written by a task that beat orders."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

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


def unbroken(name: str, *, now: datetime) -> timedelta:
    """Note that `name` is being done, and say for how long it has been, without a gap.

    After a time when nobody was there it starts anew: what was not seen then says nothing.
    """
    with transaction.atomic():
        Heartbeat.objects.get_or_create(name=name, defaults={"at": now})
        last = Heartbeat.objects.select_for_update().get(name=name)
        since, _ = Heartbeat.objects.get_or_create(name=f"{name} since", defaults={"at": now})
        if now - last.at > LATE_AFTER:
            since.at = now
            since.save(update_fields=["at"])
        Heartbeat.objects.filter(name=name, at__lt=now).update(at=now)
    return now - since.at
