"""Each signed call is believed once: its nonce is claimed until the call has expired everywhere.

Analysts' nonces are claimed in Redis, on the way through `gates.RedisGate`; the journal's in PostgreSQL.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol

import redis
from django.db import connection

from polyphemus_site.api.models import NonceMemory, UsedNonce
from polyphemus_site.api.signing.keys import CLOCK_SKEW, Verified
from polyphemus_site.errors import UnavailableError

logger = logging.getLogger(__name__)

RETRY_AFTER_S = 5
#: The advisory lock of whoever begins a memory; any number would do that nobody else uses.
BEGINNING = 0x706F6C796E6F6E63


class NonceStore(Protocol):
    """Remembers nonces."""

    def claim(self, verified: Verified, *, now: datetime) -> bool:
        """Whether this is the first time; `UnavailableError` when that can't be known."""
        ...


class DatabaseNonces:
    """The store of the journal, which answers even while Redis is away: one row a call, unique."""

    def claim(self, verified: Verified, *, now: datetime) -> bool:  # noqa: ARG002 — the other store needs it
        """Whether nobody has claimed this nonce for this key."""
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO api_usednonce (scheme, key_id, digest, expires_at) VALUES (%s, %s, %s, %s)"
                " ON CONFLICT DO NOTHING",
                [verified.scheme, verified.key_id, digest_of(verified.nonce), verified.expires + CLOCK_SKEW],
            )
            return bool(cursor.rowcount)

    def forget(self, *, now: datetime) -> int:
        """Drop the nonces of calls that have expired; how many."""
        deleted, _ = UsedNonce.objects.filter(expires_at__lt=now).delete()
        return deleted


def begin_memory(prefix: str, client: redis.Redis, *, now: datetime) -> None:
    """Note since when Redis remembers: always, the first time; since now, when it has lost its memory.

    A Redis that comes back empty has forgotten what was used. A row in PostgreSQL tells it from one that was
    never used; calls that could have been used before the loss are refused until none of them is valid.
    """
    with _alone():  # else the second of two first calls would take the memory that the first begins for lost
        _, is_first = NonceMemory.objects.get_or_create(prefix=prefix, defaults={"first_used_at": now})
        begun = client.set(f"{prefix}:since", 0 if is_first else now.timestamp(), nx=True)
    if begun and not is_first:
        logger.error(
            "Redis has lost its memory: calls signed before %s are refused, and those believed just before"
            " may be missing from the audit.",
            now,
        )


@contextmanager
def _alone() -> Iterator[None]:
    """One process at a time; the lock goes with the connection, so a killed one keeps none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [BEGINNING])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [BEGINNING])


def digest_of(nonce: str) -> str:
    """What is kept of a nonce."""
    return hashlib.sha256(nonce.encode()).hexdigest()


def unavailable(sentence: str) -> UnavailableError:
    """503: nobody knows whether this call was used before."""
    return UnavailableError(sentence, code="nonces_unavailable", retry_after=RETRY_AFTER_S)
