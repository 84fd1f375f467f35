"""POSTs that may be sent again: with an `Idempotency-Key` the second is answered as the first was."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from polyphemus_site.api.models import IdempotentAnswer
from polyphemus_site.errors import InvalidInputError, KeyReusedError, PolyphemusError

#: Programs retry for minutes; a week covers a weekend.
KEPT = timedelta(days=7)
KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that can be given again."""

    status: int
    body: Any
    headers: Mapping[str, str]
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What tells a call from another: who makes it, under which key, and the digest of what it says."""

    caller: str
    key: str
    fingerprint: str


def once(call: Call, act: Callable[[], Kept], *, now: datetime) -> Kept:
    """Act, or give the answer of the first time; the act and its answer are committed together.

    A refusal is not kept: it changed nothing that a second try must not find, and may have passed by then.
    """
    if not KEY.fullmatch(call.key):
        raise InvalidInputError(
            _("Idempotency-Key must be 1 to 255 visible ASCII characters."), code="invalid_idempotency_key"
        )
    refusal: PolyphemusError | None = None
    with transaction.atomic():
        row, mine = IdempotentAnswer.objects.get_or_create(
            caller=call.caller, key=call.key, defaults={"fingerprint": call.fingerprint, "at": now}
        )
        if not mine:
            return _again(row, call)
        try:
            kept = act()
        except PolyphemusError as error:
            refusal = error
            row.delete()
        else:
            row.status, row.headers, row.body = kept.status, dict(kept.headers), kept.body
            row.save(update_fields=["status", "headers", "body"])
    if refusal is not None:
        raise refusal
    return kept


def forget(*, now: datetime) -> int:
    """Drop answers nobody will ask for again; how many."""
    count, _ = IdempotentAnswer.objects.filter(at__lt=now - KEPT).delete()
    return count


def _again(row: IdempotentAnswer, call: Call) -> Kept:
    if row.fingerprint != call.fingerprint:
        raise KeyReusedError(_("This Idempotency-Key was used for another call."))
    return Kept(row.status, row.body, row.headers, repeated=True)
