"""Replaced keys that programs still sign with: whoever owns one hears of it by mail, once."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import transaction

from dispatch.models import ApiKey
from dispatch.services import keys
from dispatch.states import POLYPHEMUS
from polyphemus_site.api.models import SignedCall
from polyphemus_site.mail import outbox


def tell(*, now: datetime) -> int:
    """Write to the owner at the first call with a key after it was replaced; how many mails.

    Any number may run. The audit knows of a believed call within seconds, and no call waits for this.
    """
    return sum(_tell(key, now=now) for key in ApiKey.objects.replaced(now=now).exclude(events__kind="used"))


def _tell(key: ApiKey, *, now: datetime) -> bool:
    replaced = key.events.filter(kind="retiring").latest("pk")
    calls = SignedCall.objects.filter(key_id=key.pk, accepted=True, at__gt=replaced.at)
    used = calls.order_by("at").first()
    return used is not None and _tell_of(used, key, str(replaced.facts["successor"]), now=now)


def _tell_of(used: SignedCall, key: ApiKey, successor: str, *, now: datetime) -> bool:
    context = {
        "key": key.pk,
        "successor": successor,
        "end": _written(key.expires_at),
        "used": _written(used.at),
        "address": used.address or "",
    }
    with transaction.atomic():
        name = f"replaced-key-{key.pk}"
        is_new = outbox.owe(
            kind="replaced_key_used", recipient=key.analyst, context=context, key=name, now=now
        )
        if is_new:
            keys.note(key, "used", actor=POLYPHEMUS, now=now, address=context["address"])
    return is_new


def _written(instant: datetime | None) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M}" if instant else ""
