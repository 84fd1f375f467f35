"""What signed calls say to /readyz, doctor and /metrics: replays, strangers, keys past their end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import redis
from prometheus_client.core import Metric

from polyphemus_site import metrics
from polyphemus_site.api import redis_door
from polyphemus_site.api.models import SignedCall
from polyphemus_site.health import Finding

KEEPING: Final = ("noeviction", "")
WINDOW: Final = timedelta(minutes=10)
#: How often a refusal may come in the window before it is worth a look, and what it may mean.
SUSPICIOUS: Final = {
    "replay": (3, "Somebody repeats calls they saw, or a client does not sign anew when it repeats."),
    "unknown id": (50, "Somebody tries ids, or a deleted key is still in use."),
    "signature": (50, "Somebody tries to forge calls, or a client holds a wrong secret."),
    "key past its end": (1, "A client still uses a key that was replaced: give it the new one."),
    "key revoked": (1, "A client still uses a key that was revoked."),
    "key pending": (
        1,
        "A client uses a key that nobody let in: `manage.py activate_key` does, if it is right.",
    ),
    "address": (
        1,
        "Somebody elsewhere has a key's secret, or its program has moved: revoke it, or `bind_key`.",
    ),
}


def signed_calls(now: datetime) -> list[Finding]:
    """Whether refusals of late are worth a look."""
    counts = dict(SignedCall.objects.by_reason(since=now - WINDOW))
    minutes = WINDOW.seconds // 60
    found = [
        Finding.warn(
            "signed calls",
            f"{counts[reason]} signed calls were refused in the last {minutes} minutes: {reason}.",
            f"{meaning} The admin lists them under Signed calls.",
        )
        for reason, (limit, meaning) in SUSPICIOUS.items()
        if counts.get(reason, 0) >= limit
    ]
    return found or [Finding.ok("signed calls", f"Nothing suspicious in the last {minutes} minutes.")]


def redis_memory(now: datetime) -> Finding:
    """Whether Redis keeps what it is given: a nonce it evicts can be used again, an order is lost."""
    del now
    try:
        policy = redis_door.client().config_get("maxmemory-policy").get("maxmemory-policy", "")
    except redis.RedisError as error:
        return Finding.ok("redis memory", f"Redis does not tell how it is set up ({type(error).__name__}).")
    if policy in KEEPING:
        return Finding.ok("redis memory", "Redis evicts nothing.")
    return Finding.warn(
        "redis memory",
        f"Redis may evict what it was given (maxmemory-policy {policy}).",
        "Set maxmemory-policy noeviction, and keep caches elsewhere.",
    )


def measured(now: datetime) -> Iterator[Metric]:
    """How signed calls of the last minutes ended."""
    counts = SignedCall.objects.by_reason(since=now - WINDOW)
    about = "Signed calls of the last ten minutes by how they ended."
    yield metrics.gauge(
        "signed_calls", about, "outcome", [(reason or "believed", count) for reason, count in counts]
    )
