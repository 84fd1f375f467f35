"""One daily digest per person and project: what needs them, as counts and links, and what they are owed."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import override

from polyphemus_site.home import readers
from polyphemus_site.home.overview import Card, overview
from polyphemus_site.home.sight import sight_of
from polyphemus_site.mail import news, outbox
from polyphemus_site.mail.mailboxes import language_of
from polyphemus_site.mail.messages import subject_of
from polyphemus_site.mail.models import Notice
from polyphemus_site.models import DigestReader

logger = logging.getLogger(__name__)

BATCH = 500
#: So long after its hour a digest may still come; then what it should have told goes out by itself.
LATEST = timedelta(minutes=15)


def send_due(*, now: datetime) -> int:
    """Write the digests that are due; several senders at once write each once."""
    due = DigestReader.objects.filter(next_at__lte=now).order_by("next_at")[:BATCH]
    return sum(_try(reader, now=now) for reader in due)


def _try(reader: DigestReader, *, now: datetime) -> bool:
    """One that can't be written is due again in the next run, and keeps nobody else's back."""
    try:
        return _send(reader, now=now)
    except Exception:
        logger.exception("The digest of %s on %s can't be written.", reader.email, reader.project)
        return False


@transaction.atomic
def _send(reader: DigestReader, *, now: datetime) -> bool:
    following = readers.next_at(reader.email, reader.hour, reader.project, now=now)
    ours = DigestReader.objects.filter(pk=reader.pk, next_at=reader.next_at)
    if not ours.update(next_at=following):
        return False
    if not readers.is_wanted(reader):
        return False  # what it would have told goes out by itself
    if news.is_owed(readers.KIND, reader.email, reader.project):
        return False  # the last one hasn't left yet: no second of the same
    with override(language_of(reader.email)):
        cards = _needed(reader, now=now)
        told = [_piece(notice) for notice in news.take(reader.email, reader.project, now=now)]
    if not (cards or told):
        return False
    outbox.write(
        kind=readers.KIND,
        recipient=reader.email,
        context={"project": reader.project, "cards": cards, "news": told},
        key=f"{readers.KIND}-{reader.pk}-{reader.next_at.isoformat()}",
        now=now,
    )
    return True


def awaited(notice: Notice, *, now: datetime) -> datetime | None:
    """Until when a digest may tell this notice; None when its recipient gets none of the project."""
    project = str(notice.context.get("project", ""))
    if not project or not readers.may_be_told(notice.recipient):
        return None
    reader = readers.addressee(notice.recipient, project, now=now)
    until = reader.next_at + LATEST
    return until if reader.stopped_at is None and until > now else None


def _needed(reader: DigestReader, *, now: datetime) -> list[dict[str, Any]]:
    person = readers.person_of(reader, now=now)
    if person is None:
        return []
    cards = overview(person, reader.project, sight_of(person, reader.project, now=now))
    return [_line(card) for card in cards if card.needs_you]


def _line(card: Card) -> dict[str, Any]:
    return {"title": str(card.title), "figure": card.figure, "says": str(card.says), "path": card.path}


def _piece(notice: Notice) -> dict[str, Any]:
    return {"says": subject_of(notice), "path": notice.context.get("path", "")}
