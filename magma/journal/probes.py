"""How the journal is, for /readyz and doctor."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings

from magma.journal.models import Forwarding, JournalEntry
from polyphemus_site.health import Finding

#: By then several tries have failed.
OVERDUE = timedelta(minutes=5)


def journal(now: datetime) -> list[Finding]:
    """Who may write, whether the apps take what comes, and whether it is passed on."""
    return [_writers(), *_overdue(now)]


def _overdue(now: datetime) -> Iterator[Finding]:
    waiting = JournalEntry.objects.overlooked(before=now - OVERDUE).count()
    if waiting:
        yield Finding.warn(
            "journal",
            f"{waiting} entries of the journal are not handled after {OVERDUE.seconds // 60} minutes.",
            "See the log of the web process and the worker for the receiver that fails.",
        )
    failing = Forwarding.objects.failing().count()
    if failing:
        yield Finding.warn(
            "journal forwarding",
            f"{failing} entries could not be passed on to {settings.POLYPHEMUS_JOURNAL_FORWARD_URL}.",
            "The reason is beside each entry in the admin; they are tried again.",
        )


def _writers() -> Finding:
    names = sorted(name for name, key in settings.POLYPHEMUS_ETNA_KEYS.items() if key)
    if names:
        return Finding.ok("journal", f"{', '.join(names)} may write to the journal.")
    return Finding.warn(
        "journal",
        "No sibling may write to the journal; changes are seen by scans alone.",
        "Set POLYPHEMUS_ETNA_KEYS to Magma's hmac_key.",
    )
