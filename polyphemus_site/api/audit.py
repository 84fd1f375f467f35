"""The audit of signed calls: refused ones are written at once, believed ones in small batches.

A believed call is noted in Redis, together with its nonce, and written by the next `drain`: a poll then
costs no write of its own. The journal believes without Redis, and then writes at once, too.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

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
#: What one drain writes at most: the next goes on.
MOST_BATCHES: Final = 100
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
    if text.isascii() and "\x00" not in text:
        return text
    return text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")


def write(attempt: Attempt, *, at: datetime, reason: str = "", fingerprint: str = "") -> None:
    """Keep how a call ended: believed, or refused for a reason."""
    if not reason:
        note = note_of(attempt, at=at, fingerprint=fingerprint)
        if _door.ask(lambda server: server.rpush(named(NOTES), note)) is not None:
            return
    _row(_cells(attempt, at, fingerprint, reason)).save(force_insert=True)


def note_of(attempt: Attempt, *, at: datetime, fingerprint: str) -> bytes:
    """A believed call, as Redis keeps it until the next `drain`."""
    return msgspec.json.encode(_cells(attempt, at, fingerprint, ""))


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


def _cells(attempt: Attempt, at: datetime, fingerprint: str, reason: str) -> tuple[Any, ...]:
    """The row's values in the order of `_FIELDS`."""
    return (
        at,
        attempt.request_id,
        attempt.scheme,
        attempt.key_id,
        fingerprint,
        attempt.address,
        attempt.method,
        attempt.path,
        attempt.body_digest,
        not reason,
        reason,
        int((time.perf_counter() - attempt.started) * 1_000_000),
    )


def _row(cells: Iterable[Any]) -> SignedCall:
    return SignedCall(**dict(zip(_FIELDS, cells, strict=True)))


def forget(*, now: datetime) -> int:
    """Let go of rows older than the audit is kept for; how many."""
    deleted, _ = SignedCall.objects.filter(at__lt=now - KEPT_FOR).delete()
    return deleted


def drain(server: redis.Redis | None = None) -> int:
    """Write the notes of believed calls; how many. Safe to run twice and by several at once.

    A note is struck out only when its row is committed, and a row already there is let be: nothing is lost.
    """
    server = server or client()
    written = 0
    for _ in range(MOST_BATCHES):
        batch = _drain_batch(server)
        written += batch
        if batch < BATCH:
            break
    return written


def _drain_batch(server: redis.Redis) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [DRAIN_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        notes = server.lrange(named(NOTES), 0, BATCH - 1)
        SignedCall.objects.bulk_create(
            [_row(msgspec.json.decode(note)) for note in notes], ignore_conflicts=True
        )
    with server.pipeline(transaction=False) as pipe:
        #: each by itself: another drain may have begun where this one had committed
        for note in notes:
            pipe.lrem(named(NOTES), 1, note)  # type: ignore[arg-type]  # the stub knows no bytes here
        pipe.execute()
    return len(notes)
