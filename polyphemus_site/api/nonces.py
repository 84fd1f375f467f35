"""Each signed call is believed once: its nonce is claimed until the call has expired everywhere."""

from __future__ import annotations

import hashlib
import math
from datetime import datetime
from functools import cache
from typing import Protocol

import redis
from django.db import connection

from polyphemus_site.api import redis_door
from polyphemus_site.api.models import NonceMemory, UsedNonce
from polyphemus_site.api.signing.keys import CLOCK_SKEW, Verified
from polyphemus_site.errors import UnavailableError

RETRY_AFTER_S = 5


class NonceStore(Protocol):
    """Remembers nonces."""

    def claim(self, verified: Verified, *, now: datetime) -> bool:
        """Whether this is the first time; `UnavailableError` when that can't be known."""
        ...


class RedisNonces:
    """The store of production: one atomic `SET NX EX` a call.

    A Redis that comes back empty has forgotten what was used. A row in PostgreSQL tells it from one that was
    never used; calls that could have been used before the loss are refused until none of them is valid.
    """

    def __init__(self, client: redis.Redis, *, prefix: str = "n") -> None:
        """Keep the connection; `prefix` keeps stores apart that share a server."""
        self.client = client
        self.prefix = prefix

    def claim(self, verified: Verified, *, now: datetime) -> bool:
        """Whether nobody has claimed this nonce for this key; fails closed when Redis does not know."""
        name = f"{self.prefix}:{verified.scheme}:{verified.key_id}:{digest_of(verified.nonce)}"
        seconds = max(math.ceil((verified.expires - now + CLOCK_SKEW).total_seconds()), 1)
        try:
            with self.client.pipeline(transaction=False) as pipe:
                pipe.set(name, "1", nx=True, ex=seconds)
                pipe.get(self._since_name)
                claimed, since = pipe.execute()
            remembers = float(since) if since is not None else self._begin(now)
        except redis.RedisError as error:
            raise _unavailable("Signed calls can't be told from replays just now.") from error
        if verified.earliest.timestamp() < remembers:
            raise _unavailable("Signed calls of a while ago can't be told from replays; sign again.")
        return bool(claimed)

    @property
    def _since_name(self) -> str:
        return f"{self.prefix}:since"

    def _begin(self, now: datetime) -> float:
        """Note since when Redis remembers: always, the first time; since now, when it has lost its memory."""
        _, is_first = NonceMemory.objects.get_or_create(prefix=self.prefix, defaults={"first_used_at": now})
        self.client.set(self._since_name, 0 if is_first else now.timestamp(), nx=True)
        return float(self.client.get(self._since_name) or now.timestamp())


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


@cache
def default_store() -> RedisNonces:
    """The store at `REDIS_URL`, one a process."""
    return RedisNonces(redis_door.client(), prefix=redis_door.named("n"))


def digest_of(nonce: str) -> str:
    """What is kept of a nonce."""
    return hashlib.sha256(nonce.encode()).hexdigest()


def _unavailable(sentence: str) -> UnavailableError:
    return UnavailableError(sentence, code="nonces_unavailable", retry_after=RETRY_AFTER_S)
