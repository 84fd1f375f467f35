"""What signed calls say to /readyz, doctor and /metrics: replays, strangers, keys past their end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from prometheus_client.core import Metric

from polyphemus_site import metrics
from polyphemus_site.api.models import SignedCall
from polyphemus_site.health import Finding

WINDOW: Final = timedelta(minutes=10)
#: How often a refusal may come in the window before it is worth a look, and what it may mean.
SUSPICIOUS: Final = {
    "replay": (3, "Somebody repeats calls they saw, or a client does not sign anew when it repeats."),
    "unknown id": (50, "Somebody tries ids, or a deleted key is still in use."),
    "signature": (50, "Somebody tries to forge calls, or a client holds a wrong secret."),
    "key past its end": (1, "A client still uses a key that was replaced: give it the new one."),
    "key revoked": (1, "A client still uses a key that was revoked."),
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


def measured(now: datetime) -> Iterator[Metric]:
    """How signed calls of the last minutes ended."""
    counts = SignedCall.objects.by_reason(since=now - WINDOW)
    about = "Signed calls of the last ten minutes by how they ended."
    yield metrics.gauge(
        "signed_calls", about, "outcome", [(reason or "believed", count) for reason, count in counts]
    )
