"""Each signed call is believed once: its nonce is claimed until the call has expired everywhere."""

from __future__ import annotations

import hashlib
import math
from datetime import datetime
from functools import cache
from typing import Protocol

import redis
from django.conf import settings
from django.db import connection

from polyphemus_site.api.models import UsedNonce
from polyphemus_site.api.signing.keys import CLOCK_SKEW, Verified
from polyphemus_site.errors import UnavailableError

#: A call waits no longer than this for Redis before it is told to come back.
TIMEOUT_S = 1.0
RETRY_AFTER_S = 5


class NonceStore(Protocol):
    """Remembers nonces."""

    def claim(self, verified: Verified, *, now: datetime) -> bool:
        """Whether this is the first time; `UnavailableError` when that can't be known."""
        ...


class RedisNonces:
    """The store of production: one atomic `SET NX EX` a call."""

    def __init__(self, client: redis.Redis, *, prefix: str = "n") -> None:
        """Keep the connection; `prefix` keeps stores apart that share a server."""
        self.client = client
        self.prefix = prefix

    def claim(self, verified: Verified, *, now: datetime) -> bool:
        """Whether nobody has claimed this nonce for this key; fails closed when Redis does not answer."""
        name = f"{self.prefix}:{verified.scheme}:{verified.key_id}:{digest_of(verified.nonce)}"
        seconds = math.ceil((verified.expires - now + CLOCK_SKEW).total_seconds())
        try:
            return bool(self.client.set(name, "1", nx=True, ex=max(seconds, 1)))
        except redis.RedisError as error:
            raise UnavailableError(
                "Signed calls can't be told from replays just now.",
                code="nonces_unavailable",
                retry_after=RETRY_AFTER_S,
            ) from error


@cache
def default_store() -> RedisNonces:
    """The store at `REDIS_URL`, one a process."""
    return RedisNonces(
        redis.Redis.from_url(settings.REDIS_URL, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)
    )


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


def digest_of(nonce: str) -> str:
    """What is kept of a nonce."""
    return hashlib.sha256(nonce.encode()).hexdigest()
