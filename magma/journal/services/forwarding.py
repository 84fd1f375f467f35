"""Passing entries on to an existing event log, as Etna's own client would have sent them there."""

from __future__ import annotations

import json
import secrets
import zlib
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.db.models import F

from magma.journal.authentication import secrets_of
from magma.journal.models import Forwarding, JournalEntry
from polyphemus_site.api.signing import etna

#: The id we sign with towards siblings, and the entry of POLYPHEMUS_ETNA_KEYS that holds its key.
OUR_ID: Final = "polyphemus"
SIGNED_FOR: Final = timedelta(minutes=5)
TIMEOUT: Final = httpx.Timeout(30, connect=5)
#: While one worker tries, the others leave the row alone.
LEASE: Final = timedelta(minutes=2)
FIRST_RETRY: Final = timedelta(seconds=30)
LONGEST_RETRY: Final = timedelta(hours=6)
BATCH: Final = 50
MAX_ERROR: Final = 500


def owe(entry: JournalEntry, *, body: bytes, now: datetime) -> Forwarding | None:
    """Note that the entry is to be passed on, where an event log is configured."""
    if not settings.POLYPHEMUS_JOURNAL_FORWARD_URL:
        return None
    return Forwarding.objects.create(entry=entry, body=zlib.compress(body, level=1), retry_at=now)


def due(*, now: datetime) -> list[int]:
    """The rows that may be tried now."""
    return list(Forwarding.objects.due(now=now).values_list("pk", flat=True)[:BATCH])


def forward(pk: int, *, now: datetime) -> bool:
    """Try to deliver one row; whether it is delivered now. A failure is kept on the row."""
    if not Forwarding.objects.filter(pk=pk, forwarded_at=None, retry_at__lte=now).update(
        retry_at=now + LEASE
    ):
        return False
    owed = Forwarding.objects.select_related("entry").get(pk=pk)
    error = _deliver(owed, now=now)
    mine = Forwarding.objects.filter(pk=pk, forwarded_at=None)
    if error:
        mine.update(error=error[:MAX_ERROR], retry_at=now + _wait(owed.tries), tries=F("tries") + 1)
    else:
        mine.update(error="", forwarded_at=now, tries=F("tries") + 1, body=b"")
    return not error


def _wait(tries: int) -> timedelta:
    return min(FIRST_RETRY * (1 << min(tries, 12)), LONGEST_RETRY)


def _deliver(owed: Forwarding, *, now: datetime) -> str:
    """Empty when the event log took it, else what went wrong."""
    keys = secrets_of(OUR_ID)
    if not keys:
        return f"POLYPHEMUS_ETNA_KEYS holds no key {OUR_ID!r} to sign with."
    url = target(settings.POLYPHEMUS_JOURNAL_FORWARD_URL, owed.entry.project_name)
    document = json.loads(zlib.decompress(owed.body)) | {"application": owed.entry.application}
    try:
        answer = httpx.post(
            url,
            params=_signature(url, document, key=keys[0], now=now),
            content=json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(),
            headers={"Content-Type": "application/json"},
            timeout=TIMEOUT,
        )
    except httpx.HTTPError as error:
        return f"{type(error).__name__}: {error}"
    return "" if answer.is_success else f"HTTP {answer.status_code}: {answer.text}"


def target(base: str, project_name: str) -> str:
    """Where an entry goes: Etna's route under the base, or the base with its `:project_name` filled in."""
    if ":project_name" in base:
        return base.replace(":project_name", project_name)
    return f"{base.rstrip('/')}/api/log/{project_name}/write"


def _signature(url: str, document: dict[str, Any], *, key: bytes, now: datetime) -> dict[str, str]:
    parts = urlsplit(url)
    return etna.sign(
        method="POST",
        host=parts.hostname or "",
        path=parts.path,
        key_id=OUR_ID,
        key=key,
        signed={name: value for name, value in document.items() if name != "project_name"},
        nonce=secrets.token_hex(16),
        expires=now + SIGNED_FOR,
    )
