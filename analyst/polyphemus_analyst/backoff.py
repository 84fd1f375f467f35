"""How long to wait: what the server asks for, and otherwise a random share of a growing time."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

BASE_S = 1.0
CEILING_S = 300.0
#: A server that asks for more is not obeyed beyond this.
LONGEST_S = 3600.0


def full_jitter(attempt: int, *, uniform: float) -> float:
    """A share (`uniform`, 0 to 1) of a ceiling that doubles with each attempt: clients drift apart."""
    return uniform * min(CEILING_S, BASE_S * 2.0 ** min(attempt, 30))


def asked_for(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """The seconds of `Retry-After`, a number or a date; None when there is none that makes sense."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return min(LONGEST_S, float(value[:9]))
    moment = http_date(value)
    return None if moment is None else min(LONGEST_S, max(0.0, (moment - now).total_seconds()))


def wait_for(attempt: int, headers: Mapping[str, str], *, now: datetime) -> float:
    """Seconds until the next attempt: never sooner than asked, and with a share of chance on top."""
    chance = full_jitter(attempt, uniform=random.random())  # noqa: S311 — spreads clients, guards nothing
    asked = asked_for(headers, now=now)
    return chance if asked is None else asked + min(chance, asked / 4)


def spread() -> float:
    """A factor near one, so that clients started together drift apart."""
    return random.uniform(0.9, 1.1)  # noqa: S311 — spreads clients, guards nothing


def http_date(value: str) -> datetime | None:
    """An HTTP date as an aware instant; None when it is none."""
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
