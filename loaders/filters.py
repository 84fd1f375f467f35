"""Which suggestions a person asks for, and what they send about one, understood or refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar
from urllib.parse import urlencode

import msgspec
from django.db.models import Q
from django.utils.translation import gettext as _

from loaders.models import Suggestion
from loaders.querysets import SuggestionQuerySet
from loaders.states import SuggestionStatus
from polyphemus_site.errors import InvalidInputError
from polyphemus_site.janus.people import Person

PAGE = 100
B = TypeVar("B")


@dataclass(frozen=True)
class Wanted:
    """A selection of suggestions; empty words select all. `after` is the last id of the page before."""

    project: str = ""
    model: str = ""
    record: str = ""
    loader: str = ""
    status: str = ""
    after: int = 0

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Wanted:
        """From an address; a word nobody knows is refused rather than ignored."""
        words = {name: query.get(name, "") for name in ("project", "model", "record", "loader", "status")}
        if words["status"] and words["status"] not in SuggestionStatus.values:
            known = ", ".join(SuggestionStatus.values)
            raise InvalidInputError(
                _("status must be one of %(known)s.") % {"known": known}, code="unknown_status"
            )
        return cls(**words, after=_number(query.get("after", "")))

    def of(self, person: Person) -> SuggestionQuerySet:
        """The selected ones a person may see, oldest first; without a status those offered to them."""
        rows = Suggestion.objects.visible_to(person, self.projects(person))
        rows = rows.filter(status=self.status) if self.status else rows.offered_to(person.email)
        rows = rows.filter(loader=self.loader) if self.loader else rows
        return self._about(rows).filter(pk__gt=self.after).order_by("pk")

    def projects(self, person: Person) -> list[str]:
        """The project asked for, or else every one the person has a hand in."""
        if self.project:
            return [self.project]
        if person.sees_everything:
            return list(Suggestion.objects.order_by().values_list("project", flat=True).distinct())
        return person.own_projects

    def _about(self, rows: SuggestionQuerySet) -> SuggestionQuerySet:
        """Of a record: what is suggested for it, and what was drawn from it."""
        if self.record and self.model:
            return rows.filter(records__contains=[f"{self.model}/{self.record}"])
        if self.record:
            return rows.filter(Q(anchor=self.record) | Q(members__has_key=self.record))
        return rows.filter(model=self.model) if self.model else rows

    def address(self, *, after: int) -> str:
        """The query of the next page."""
        words = {name: value for name, value in asdict(self).items() if value}
        return urlencode(words | {"after": after})


def project_of(query: Mapping[str, str]) -> str:
    """The project an address names."""
    if not (project := query.get("project", "").strip()):
        raise InvalidInputError(_("Name a project: ?project=…"), code="project_missing")
    return project


def _number(text: str) -> int:
    if not text:
        return 0
    if not _is_number(text):
        raise InvalidInputError(_("after must be a whole number."), code="bad_cursor")
    return int(text)


def choice_of(text: str, pk: int) -> int:
    """Which of a card's suggestions a form chose: unsaid the one it was sent to, of nonsense none."""
    if not text:
        return pk
    return int(text) if _is_number(text) else 0


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18  # noqa: PLR2004 — what a bigint holds


class Acceptance(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The body of `accept`: what the requester changed of what was offered."""

    name: str | None = None
    inputs: tuple[str | dict[str, Any], ...] | None = None
    params: dict[str, Any] | None = None


class Dismissing(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The body of `dismiss`: for whom, and why."""

    whom: Literal["me", "project"] = msgspec.field(name="for", default="me")
    reason: str = ""


class Snoozing(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The body of `snooze`: until when; without it, until something changes."""

    until: datetime | None = None


def understood(kind: type[B], body: Any) -> B:
    """A body as one of the above; InvalidInputError says which field makes no sense."""
    try:
        found = msgspec.convert({} if body is None else body, kind)
    except msgspec.ValidationError as error:
        raise InvalidInputError(f"{error}.", code="invalid") from error
    if "\0" in getattr(found, "reason", ""):
        raise InvalidInputError(_("No text here holds a NUL."), code="bad_text")
    if isinstance(found, Dismissing) and found.whom == "project" and not found.reason.strip():
        raise InvalidInputError(_("Say why the project needs no such suggestion."), code="reason_missing")
    return found


def in_utc(moment: datetime | None) -> datetime | None:
    """An instant somebody typed; without a zone it is UTC."""
    if moment is None:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
