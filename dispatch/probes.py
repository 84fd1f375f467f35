"""What dispatch says to /readyz and doctor: whether due dates are dealt with, and work can be done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from dispatch import sealing
from dispatch.models import AnalysisRequest, ApiKey
from dispatch.services import keys
from dispatch.states import KeyState
from polyphemus_site.api.models import SignedCall
from polyphemus_site.health import Finding

#: The sweep runs every two seconds; what waits longer than this waits for nobody.
LATE = timedelta(seconds=60)
MOST_NAMED = 5
#: So long before the end of a replaced key a person should see to it that nobody uses it any more.
SHORTLY = timedelta(days=2)
LATELY = timedelta(days=1)


def due_dates(now: datetime) -> Finding:
    """Whether anything that came due still waits."""
    waiting = AnalysisRequest.objects.to_look_at(now=now - LATE)
    first = waiting.first()
    if first is None:
        return Finding.ok("due dates", "Nothing that has come due waits.")
    return Finding.warn(
        "due dates",
        f"{first} and perhaps others came due at {first.wake_at:%Y-%m-%d %H:%M:%S} UTC and still wait.",
        "See that a worker and beat are running; `manage.py sweep` deals with them now.",
    )


def unserved(now: datetime) -> list[Finding]:
    """Whether every open request can be done by somebody."""
    found = list(_unserved(now))
    return found or [Finding.ok("analysts", "Every open request is within some analyst's scope.")]


def _unserved(now: datetime) -> Iterator[Finding]:
    names = [str(request) for request in AnalysisRequest.objects.unserved(now=now)[: MOST_NAMED + 1]]
    if names:
        more = " and others" if len(names) > MOST_NAMED else ""
        yield Finding.warn(
            "analysts",
            f"No analyst's key covers {', '.join(names[:MOST_NAMED])}{more}.",
            "Make a key, or widen the scopes of one, for their project and analysis.",
        )


def sealed_keys(now: datetime) -> Finding:
    """Whether the secrets of keys open with what is configured."""
    del now
    versions = [sealing.version_of(kek) for kek in keys.configured_keks()]
    shut = ApiKey.objects.exclude(kek_version__in=versions).exclude(state=KeyState.REVOKED).count()
    if not shut:
        return Finding.ok("keys", "The secrets of analysts' keys open.")
    return Finding.warn(
        "keys",
        f"{shut} analysts' keys were sealed under another POLYPHEMUS_KEK: their calls are refused.",
        "Name the earlier one in POLYPHEMUS_KEK_PREVIOUS, then run `manage.py rewrap_keys`.",
    )


def replaced_keys(now: datetime) -> list[Finding]:
    """Whether programs still sign with keys that were replaced and are about to end."""
    found = [
        Finding.warn(
            "replaced keys",
            f"Key {key} was replaced and ends at {key.expires_at:%Y-%m-%d %H:%M} UTC, and is still used.",
            "Give its analyst the new key; `manage.py rotate_key` made it.",
        )
        for key in ApiKey.objects.about_to_end(now=now, within=SHORTLY)
        if SignedCall.objects.filter(key_id=key.pk, accepted=True, at__gte=now - LATELY).exists()
    ]
    return found or [Finding.ok("replaced keys", "No key that is about to end is still used.")]
