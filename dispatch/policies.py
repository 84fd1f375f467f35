"""The lengths of dispatch's waits, as the settings give them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

TICKET_PATIENCE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """How long Polyphemus waits beyond an estimate, for help, and for a warehouse that does not answer."""

    grace_percent: int = 50
    grace_minimum: timedelta = timedelta(minutes=15)
    help_wait: timedelta = timedelta(days=3)
    ticket_patience: timedelta = TICKET_PATIENCE
    blind_first: timedelta = timedelta(seconds=5)
    blind_longest: timedelta = timedelta(minutes=5)


def waits() -> Waits:
    """The waits of this installation; services take them as an argument."""
    return Waits(
        grace_percent=settings.POLYPHEMUS_GRACE_PERCENT,
        grace_minimum=timedelta(seconds=settings.POLYPHEMUS_GRACE_MINIMUM_SECONDS),
        help_wait=timedelta(seconds=settings.POLYPHEMUS_HELP_SECONDS),
        ticket_patience=timedelta(seconds=settings.POLYPHEMUS_TICKET_PATIENCE_SECONDS),
    )


def poll_patience() -> timedelta:
    """How long open work may go unasked for before people are told."""
    return timedelta(seconds=settings.POLYPHEMUS_POLL_SECONDS * settings.POLYPHEMUS_UNPOLLED_POLLS)
