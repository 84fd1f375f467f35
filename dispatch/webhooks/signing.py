"""Standard Webhooks' headers, by the library of the standard."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from standardwebhooks import Webhook


def headers(*, webhook_id: str, body: str, secrets: Iterable[bytes], at: datetime) -> dict[str, str]:
    """What proves a body to be ours, signed with each of the endpoint's secrets, for this instant."""
    utc = at.astimezone(UTC)  # the library takes any other zone for UTC
    signatures = [Webhook(secret).sign(webhook_id, utc, body) for secret in secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": "Polyphemus",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(utc.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
