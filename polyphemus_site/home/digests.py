"""One daily digest per person and project: what needs them, as counts and links, and what they are owed.

A digest is written without the person's token, so their rights are those of their last visit; after two
months without one, it pauses until they come again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import override

from polyphemus_site.home.hours import DAY, next_hour
from polyphemus_site.home.overview import Card, overview
from polyphemus_site.janus.people import Person
from polyphemus_site.janus.roles import Level, Role
from polyphemus_site.mail import mailboxes, news, outbox
from polyphemus_site.mail.mailboxes import language_of, wishes_of
from polyphemus_site.mail.messages import subject_of
from polyphemus_site.mail.models import Notice
from polyphemus_site.models import DigestReader

KIND = "digest"
PAUSE_AFTER = timedelta(days=60)
BATCH = 200
#: So long after its hour a digest may still come; then what it should have told goes out by itself.
LATEST = timedelta(minutes=15)


def reader_of(person: Person, project: str) -> DigestReader | None:
    """The person's subscription, if they have one and have not stopped all digests since."""
    reader = DigestReader.objects.filter(email=person.email, project=project).first()
    return reader if reader and _wants_any(person.email) else None


def subscribe(person: Person, project: str, *, hour: int, now: datetime) -> DigestReader:
    """Send a digest every day at this hour of the person's own zone.

    Who had stopped all digests by a mail program's button wants this one, and not the others again.
    """
    if not _wants_any(person.email):
        DigestReader.objects.filter(email=person.email).exclude(project=project).delete()
        mailboxes.choose(person.email, wanted={KIND}, offered={KIND}, now=now)
    reader, _ = DigestReader.objects.update_or_create(
        email=person.email,
        project=project,
        defaults=_rights(person, project, now)
        | {"hour": hour, "next_at": next_at(person.email, hour, now=now)},
    )
    return reader


def _wants_any(email: str) -> bool:
    return KIND not in mailboxes.unwanted_kinds(email)


def admins_of(project: str, *, now: datetime) -> list[str]:
    """The project's admins among the digest's readers, as of their last visit: others we don't know of."""
    lately = DigestReader.objects.filter(project=project, level=Level.ADMIN, seen_at__gt=now - PAUSE_AFTER)
    return sorted(lately.values_list("email", flat=True))


def unsubscribe(person: Person, project: str) -> None:
    """No more digests of this project."""
    DigestReader.objects.filter(email=person.email, project=project).delete()


def seen(reader: DigestReader, person: Person, *, now: datetime) -> None:
    """Keep the rights of this visit, once a day at most unless they have changed."""
    rights = _rights(person, reader.project, now)
    is_same = (reader.level, reader.restricted) == (rights["level"], rights["restricted"])
    if not is_same or now - reader.seen_at > DAY:
        DigestReader.objects.filter(pk=reader.pk).update(**rights)


def next_at(email: str, hour: int, *, now: datetime) -> datetime:
    """The next time it is that hour where the person is; strictly later than now."""
    return next_hour(hour, wishes_of(email).zone, now=now)


def send_due(*, now: datetime) -> int:
    """Write the digests that are due; several senders at once write each once."""
    due = DigestReader.objects.filter(next_at__lte=now).order_by("next_at")[:BATCH]
    return sum(_send(reader, now=now) for reader in due)


@transaction.atomic
def _send(reader: DigestReader, *, now: datetime) -> bool:
    following = next_at(reader.email, reader.hour, now=now)
    ours = DigestReader.objects.filter(pk=reader.pk, next_at=reader.next_at)
    if not ours.update(next_at=following) or now - reader.seen_at > PAUSE_AFTER:
        return False
    if not _wants_any(reader.email):
        return False  # what it would have told goes out by itself
    with override(language_of(reader.email)):
        cards = [_line(card) for card in overview(person_of(reader), reader.project) if card.needs_you]
        told = [_piece(notice) for notice in news.take(reader.email, reader.project, now=now)]
    if not (cards or told):
        return False
    outbox.write(
        kind=KIND,
        recipient=reader.email,
        context={"project": reader.project, "cards": cards, "news": told},
        key=f"{KIND}-{reader.pk}-{reader.next_at.isoformat()}",
        now=now,
    )
    return True


def awaited(notice: Notice, *, now: datetime) -> datetime | None:
    """Until when a digest may tell this notice; None when its recipient gets none of the project."""
    project = notice.context.get("project", "")
    readers = DigestReader.objects.filter(email=notice.recipient, project=project)
    reader = readers.filter(seen_at__gt=now - PAUSE_AFTER).first() if _wants_any(notice.recipient) else None
    until = reader.next_at + LATEST if reader else now
    return until if until > now else None


def person_of(reader: DigestReader) -> Person:
    """The reader with the rights of their last visit, and no token to act with."""
    role = Role(Level(reader.level), restricted=reader.restricted)
    return Person(reader.email, roles={reader.project: role})


def _line(card: Card) -> dict[str, Any]:
    return {"title": str(card.title), "figure": card.figure, "says": str(card.says), "path": card.path}


def _piece(notice: Notice) -> dict[str, Any]:
    return {"says": subject_of(notice), "path": notice.context.get("path", "")}


def _rights(person: Person, project: str, now: datetime) -> dict[str, Any]:
    """The person's rights here as one role: a super-role counts as what it allows in any project."""
    level = Level.ADMIN if person.is_admin(project) else person.level_in(project) or Level.VIEWER
    return {"level": level, "restricted": person.can_see_restricted(project), "seen_at": now}
