"""How many calls a minute are taken: failures by address and by address and key, successes by key
and by the projects that its scopes name. A call that changes something weighs more than one that looks.

Never failures by key alone: an outsider who knows a key's id could lock its owner out.
"""

from __future__ import annotations

from http import HTTPStatus

import redis
from django.conf import settings
from django.utils.translation import gettext as _

from polyphemus_site.api.redis_door import Door, named
from polyphemus_site.errors import PolyphemusError

WINDOW_S = 60


class TooManyError(PolyphemusError):
    """Slow down; `Retry-After` says until when."""

    code = "throttled"
    status = HTTPStatus.TOO_MANY_REQUESTS


class Limits:
    """Counts in Redis; without Redis nothing is limited, since hardly anything is believed then.

    An analyst's believed call is counted by `gates.RedisGate`, together with its nonce.
    """

    def __init__(self, *, counts_successes: bool = True) -> None:
        """Start with a way to Redis of its own."""
        self.counts_successes = counts_successes
        self.door = Door()

    def refuse_failing(self, address: str | None, key_id: str) -> None:
        """`TooManyError` for an address that has lately failed too often, whatever it sends now."""
        names = failure_names(address, key_id)
        counts = self.door.ask(lambda client: client.mget(names)) or []
        for count, limit in zip(counts, failure_limits(), strict=False):
            if int(count or 0) >= limit:
                raise TooManyError(_("Too many failed calls from your address."), retry_after=WINDOW_S)

    def count_failure(self, address: str | None, key_id: str) -> list[int]:
        """Remember one failed call; how many there are of late, in the order of `failure_names`."""
        return self.door.ask(lambda client: _add(client, *failure_names(address, key_id))) or []

    def count_success(self, key_id: str, *, weight: int = 1) -> None:
        """Remember one believed call; `TooManyError` beyond the key's share."""
        if not self.counts_successes:
            return
        counts = self.door.ask(lambda client: _add(client, named(f"limit:key:{key_id}"), weight=weight))
        if counts and counts[0] > settings.POLYPHEMUS_CALLS_PER_MINUTE:
            raise TooManyError(_("Too many calls with this key."), retry_after=WINDOW_S)


def failure_names(address: str | None, key_id: str) -> tuple[str, str]:
    """Where failures are counted: by address, and by address and key."""
    from_there = named(f"limit:from:{address}")
    return from_there, f"{from_there}:{key_id}"


def failure_limits() -> tuple[int, int]:
    """How many of each are borne in a minute."""
    most: int = settings.POLYPHEMUS_FAILURES_PER_MINUTE
    return most, most // 5


def weight_of(method: str) -> int:
    """What a call takes of a share: one that asks for work or ends it costs more than one that looks."""
    weight: int = settings.POLYPHEMUS_POST_WEIGHT
    return weight if method == "POST" else 1


def _add(client: redis.Redis, *names: str, weight: int = 1) -> list[int]:
    """Count in windows that open with the first call and close a minute later."""
    with client.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.set(name, 0, nx=True, ex=WINDOW_S)
            pipe.incr(name, weight)
        return [int(count) for count in pipe.execute()[1::2]]
