"""The clocks: this host's and Magma's against the database's, which is the one that counts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
from django.conf import settings
from django.db import connection

from polyphemus_site.health import Finding

SECONDS = 5.0
REMEDY = "Let every host follow a time server (chrony, systemd-timesyncd)."


def examine(now: datetime) -> Iterator[Finding]:
    """Both, as far as they can be read."""
    del now
    before = datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (ours,) = cursor.fetchone()
    after = datetime.now(UTC)
    yield judge("clock of this host", before + (after - before) / 2 - ours, tolerance=timedelta(seconds=2))
    if theirs := _magma_time():
        # the header has whole seconds, and the way there and back takes its time
        yield judge("clock of magma", theirs - datetime.now(UTC), tolerance=timedelta(seconds=5))


def judge(name: str, ahead: timedelta, *, tolerance: timedelta) -> Finding:
    """How far a clock may be off: signatures and cursors forgive seconds, not a minute."""
    seconds = ahead.total_seconds()
    said = f"{abs(seconds):.1f} s {'ahead' if seconds > 0 else 'behind'}."
    if abs(ahead) > timedelta(minutes=1):
        return Finding.fail(name, said, REMEDY)
    if abs(ahead) > tolerance:
        return Finding.warn(name, said, REMEDY)
    return Finding.ok(name, said)


def _magma_time() -> datetime | None:
    if not settings.POLYPHEMUS_MAGMA_URL:
        return None
    try:
        return parsedate_to_datetime(
            httpx.get(settings.POLYPHEMUS_MAGMA_URL, timeout=SECONDS).headers["Date"]
        )
    except (httpx.HTTPError, KeyError, ValueError):
        return None
