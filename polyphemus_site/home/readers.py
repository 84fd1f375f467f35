"""Who gets a project's daily digest, at which hour, and with which rights it is written for them.

Whoever signs in and has a role in a project gets its digest without asking for it, until they stop it. The
rights are those of their last visit: a digest is written without their token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from polyphemus_site.home.hours import next_hour
from polyphemus_site.janus.people import Person
from polyphemus_site.janus.roles import Level, Role, read_role
from polyphemus_site.mail import mailboxes, outbox
from polyphemus_site.mail.mailboxes import wishes_of
from polyphemus_site.models import PROJECT_LENGTH, DigestReader
from polyphemus_site.projects import decisions

KIND = "digest"
#: So long after a visit its rights are believed; then a digest only tells its reader what they are owed.
BELIEVED_FOR = timedelta(days=60)


def meet(email: str, letters: Mapping[str, str], *, now: datetime) -> None:
    """Somebody came by with these roles, each as Janus's letter: keep them, and let their digests begin.

    A project that is gone from their roles leaves their row without rights. Who has stopped stays so.
    """
    roles = {project: role for project, letter in letters.items() if (role := read_role(letter))}
    if not outbox.is_address(email):
        return
    person = Person(email, roles=roles)
    known = set(DigestReader.objects.filter(email=email).values_list("project", flat=True))
    met = known | {project for project in person.own_projects if _is_watched(project)}
    DigestReader.objects.bulk_create(
        [_reader(person, project, now=now) for project in sorted(met)],
        update_conflicts=True,
        unique_fields=["email", "project"],
        update_fields=["level", "restricted", "seen_at"],
    )


def reader_of(person: Person, project: str, *, now: datetime) -> DigestReader | None:
    """What the person gets of this project; None when they have stopped it, or no role of their own."""
    row = DigestReader.objects.filter(email=person.email, project=project).first()
    if row is None and person.level_in(project):
        row = _reader(person, project, now=now)
    return row if row and is_wanted(row) else None


@dataclass(frozen=True, slots=True)
class Offer:
    """What a project's page says of the digest: the hour it comes, or would come, where the person is."""

    reader: DigestReader | None
    hour: int
    zone: str


def offer(person: Person, project: str, *, now: datetime) -> Offer:
    """For the page: what the person gets, and when."""
    reader, zone = reader_of(person, project, now=now), wishes_of(person.email).zone
    due = reader.next_at if reader else next_at(person.email, None, project, now=now)
    return Offer(reader, hour=due.astimezone(ZoneInfo(zone)).hour, zone=zone)


def subscribe(person: Person, project: str, *, hour: int, now: datetime) -> DigestReader:
    """Send a digest every day at this hour of the person's own zone.

    Who had stopped all digests by a mail program's button wants this one, and not the others again.
    """
    if KIND in mailboxes.unwanted_kinds(person.email):
        meet(person.email, letters_of(person), now=now)
        DigestReader.objects.filter(email=person.email, stopped_at=None).update(stopped_at=now)
        mailboxes.choose(person.email, wanted={KIND}, offered={KIND}, now=now)
    wanted = {"hour": hour, "next_at": next_at(person.email, hour, project, now=now), "stopped_at": None}
    reader, _ = DigestReader.objects.update_or_create(
        email=person.email, project=project, defaults=_rights(person, project, now) | wanted
    )
    return reader


def stop(person: Person, project: str, *, now: datetime) -> None:
    """No more digests of this project; the row remembers that, or their next visit would begin them again."""
    DigestReader.objects.update_or_create(
        email=person.email,
        project=project,
        defaults={"stopped_at": now},
        create_defaults=_values(person, project, now=now) | {"stopped_at": now},
    )


def addressee(email: str, project: str, *, now: datetime) -> DigestReader:
    """Somebody whom we owe news of a project: where we never met them, a reader without rights there."""
    nobody = _values(Person(email), project, now=now)
    return DigestReader.objects.get_or_create(email=email, project=project, defaults=nobody)[0]


def is_wanted(reader: DigestReader) -> bool:
    """Whether a digest would be read: not stopped, neither here nor by the mail's button, nor blocked."""
    return reader.stopped_at is None and may_be_told(reader.email)


def may_be_told(email: str) -> bool:
    """Whether any digest may go there."""
    return KIND not in mailboxes.unwanted_kinds(email) and wishes_of(email).blocked_at is None


def admins_of(project: str, *, now: datetime) -> list[str]:
    """The project's admins as of their last visit, readers of the digest or not: others we don't know of."""
    lately = DigestReader.objects.filter(project=project, level=Level.ADMIN, seen_at__gt=now - BELIEVED_FOR)
    return sorted(lately.values_list("email", flat=True))


def follow_settings(project: str, *, now: datetime) -> None:
    """Who hasn't chosen an hour of their own gets the digest at the project's."""
    decided = decisions.of(project)
    theirs = DigestReader.objects.filter(project=project, hour=None, next_at__gt=now)
    theirs.update(next_at=next_hour(decided.digest_hour, decided.digest_zone, now=now))


def next_at(email: str, hour: int | None, project: str, *, now: datetime) -> datetime:
    """When the next one is due, strictly later than now: at their own hour, or the project's."""
    if hour is not None:
        return next_hour(hour, wishes_of(email).zone, now=now)
    decided = decisions.of(project)
    return next_hour(decided.digest_hour, decided.digest_zone, now=now)


def person_of(reader: DigestReader, *, now: datetime) -> Person | None:
    """The reader with the rights of their last visit and no token; None when there are none to believe."""
    if not reader.level or now - reader.seen_at > BELIEVED_FOR:
        return None
    role = Role(Level(reader.level), restricted=reader.restricted)
    return Person(reader.email, roles={reader.project: role})


def letters_of(person: Person) -> dict[str, str]:
    """The person's roles as plain text, for a task."""
    return {
        project: role.level.upper() if role.restricted else str(role.level)
        for project, role in person.roles.items()
    }


def _is_watched(project: str) -> bool:
    watched = settings.POLYPHEMUS_PROJECTS
    return len(project) <= PROJECT_LENGTH and (not watched or project in watched)


def _reader(person: Person, project: str, *, now: datetime) -> DigestReader:
    return DigestReader(email=person.email, project=project, **_values(person, project, now=now))


def _values(person: Person, project: str, *, now: datetime) -> dict[str, Any]:
    return _rights(person, project, now) | {"next_at": next_at(person.email, None, project, now=now)}


def _rights(person: Person, project: str, now: datetime) -> dict[str, Any]:
    """The person's rights here as one role: a super-role counts as what it allows in any project."""
    level = Level.ADMIN if person.is_admin(project) else person.level_in(project) or ""
    return {"level": level, "restricted": person.can_see_restricted(project), "seen_at": now}
