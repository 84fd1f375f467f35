"""Each signed call is believed once: its nonce is claimed in Redis until the call has expired everywhere."""

from __future__ import annotations

import hashlib
import math
from datetime import datetime
from functools import cache
from typing import Protocol

import redis
from django.conf import settings

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
        digest = hashlib.sha256(verified.nonce.encode()).hexdigest()
        name = f"{self.prefix}:{verified.scheme}:{verified.key_id}:{digest}"
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
