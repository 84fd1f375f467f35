"""The audit of signed calls: refused ones are written at once, believed ones in small batches.

A believed call is noted in Redis and written by the next `drain`: a poll then costs no write of its own.
Without Redis it is written at once, too.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import msgspec
import redis
from django.db import connection, transaction
from django.http import HttpRequest

from polyphemus_site.api.addresses import address_of
from polyphemus_site.api.models import MAX_KEY_ID, MAX_PATH, SignedCall
from polyphemus_site.api.redis_door import Door, client, named
from polyphemus_site.api.request_ids import request_id_of
from polyphemus_site.api.signing.calls import Call

NOTES: Final = "audit:notes"
BATCH: Final = 1000
#: A day more than what the database lets nobody delete.
KEPT_FOR: Final = timedelta(days=367)
#: Any number, the same in every process: one drains at a time.
DRAIN_LOCK: Final = 7_236_514

_door = Door()


@dataclass(frozen=True)
class Attempt:
    """One signed call, before it is known how it ends."""

    request_id: str
    scheme: str
    key_id: str
    address: str | None
    method: str
    path: str
    body_digest: str
    started: float = field(default_factory=time.perf_counter)


def attempt_of(request: HttpRequest, call: Call, *, scheme: str, key_id: str) -> Attempt:
    """What the audit keeps of a call; never its signature, nonce or body."""
    return Attempt(
        request_id=request_id_of(request),
        scheme=scheme,
        key_id=_plain(key_id)[:MAX_KEY_ID],
        address=address_of(request),
        method=_plain(call.method)[:16],
        path=_plain(call.path)[:MAX_PATH],
        body_digest=hashlib.sha256(call.body).hexdigest(),
    )


def _plain(text: str) -> str:
    """Text PostgreSQL can keep, whatever a caller sent."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")


def write(attempt: Attempt, *, at: datetime, reason: str = "", fingerprint: str = "") -> None:
    """Keep how a call ended: believed, or refused for a reason."""
    row = SignedCall(
        at=at,
        request_id=attempt.request_id,
        scheme=attempt.scheme,
        key_id=attempt.key_id,
        fingerprint=fingerprint,
        address=attempt.address,
        method=attempt.method,
        path=attempt.path,
        body_digest=attempt.body_digest,
        accepted=not reason,
        reason=reason,
        microseconds=int((time.perf_counter() - attempt.started) * 1_000_000),
    )
    if reason or _door.ask(lambda server: server.rpush(named(NOTES), _note(row))) is None:
        row.save(force_insert=True)


_FIELDS: Final = (
    "at",
    "request_id",
    "scheme",
    "key_id",
    "fingerprint",
    "address",
    "method",
    "path",
    "body_digest",
    "accepted",
    "reason",
    "microseconds",
)


def _note(row: SignedCall) -> bytes:
    return msgspec.json.encode([getattr(row, name) for name in _FIELDS])


def forget(*, now: datetime) -> int:
    """Let go of rows older than the audit is kept for; how many."""
    deleted, _ = SignedCall.objects.filter(at__lt=now - KEPT_FOR).delete()
    return deleted


def drain(server: redis.Redis | None = None) -> int:
    """Write the notes of believed calls; how many. Safe to run twice and by several at once."""
    server = server or client()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [DRAIN_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        notes = server.lrange(named(NOTES), 0, BATCH - 1)
        rows = [SignedCall(**dict(zip(_FIELDS, msgspec.json.decode(note), strict=True))) for note in notes]
        SignedCall.objects.bulk_create(rows, ignore_conflicts=True)
        server.ltrim(named(NOTES), len(notes), -1)
        return len(notes)
