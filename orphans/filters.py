"""Which orphans a person asks for, as addresses and forms say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from orphans.querysets import BundleQuerySet, OrphanQuerySet, ReviewItemQuerySet
from orphans.states import Cause, Fate, OrphanStatus
from polyphemus_site.errors import InvalidInputError

PAGE = 100


@dataclass(frozen=True)
class Wanted:
    """A selection of one project's orphans; empty words select all. `after` is a page's last id."""

    project: str
    model: str = ""
    cause: str = ""
    status: str = ""
    text: str = ""
    after: int = 0

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Wanted:
        """From an address; a word nobody knows is refused rather than ignored."""
        project = query.get("project", "").strip()
        if not project:
            raise InvalidInputError(_("Name a project: ?project=…"), code="project_missing")
        return cls(
            project=project,
            model=query.get("model", ""),
            cause=_one_of(query, "cause", Cause.values),
            status=_one_of(query, "status", OrphanStatus.values),
            text=query.get("text", "")[:200],
            after=_number(query, "after"),
        )

    def of(self, rows: OrphanQuerySet) -> OrphanQuerySet:
        """The selected rows, oldest first; without a status, those that are orphans still."""
        rows = rows.filter(status=self.status) if self.status else rows.live()
        rows = rows.filter(model=self.model) if self.model else rows
        rows = rows.filter(cause=self.cause) if self.cause else rows
        rows = rows.filter(record__icontains=self.text) if self.text else rows
        return rows.filter(pk__gt=self.after).order_by("pk")

    def address(self, *, after: int) -> str:
        """The query of the next page."""
        words = {name: value for name, value in asdict(self).items() if value}
        return urlencode(words | {"after": after})


@dataclass(frozen=True)
class ItemsWanted:
    """Some of a review's orphans; empty words select all."""

    model: str = ""
    cause: str = ""
    batch: str = ""
    fate: str = ""
    after: int = 0

    @classmethod
    def read(cls, query: Mapping[str, str]) -> ItemsWanted:
        """From an address."""
        return cls(
            model=query.get("model", ""),
            cause=_one_of(query, "cause", Cause.values),
            batch=query.get("batch", "")[:100],
            fate=_one_of(query, "fate", Fate.values),
            after=_number(query, "after"),
        )

    @property
    def narrows(self) -> bool:
        """Whether it is one part of the review, to be read in order, rather than a sample of all."""
        return self != ItemsWanted()

    def of(self, rows: ReviewItemQuerySet) -> ReviewItemQuerySet:
        """The selected rows, in order."""
        rows = rows.filter(orphan__model=self.model) if self.model else rows
        rows = rows.filter(orphan__cause=self.cause) if self.cause else rows
        rows = rows.filter(orphan__batch=self.batch) if self.batch else rows
        rows = rows.filter(fate=self.fate) if self.fate else rows
        return rows.filter(pk__gt=self.after).select_related("orphan").order_by("pk")

    def address(self, *, after: int) -> str:
        """The query of the next page."""
        words = {name: value for name, value in asdict(self).items() if value}
        return urlencode(words | {"after": after})


@dataclass(frozen=True)
class BundlesWanted:
    """A project's copies, the newest first; `before` is a page's last id."""

    project: str
    before: int = 0

    @classmethod
    def read(cls, query: Mapping[str, str]) -> BundlesWanted:
        """From an address."""
        return cls(Wanted.read(query).project, _number(query, "before"))

    def of(self, rows: BundleQuerySet) -> BundleQuerySet:
        """The selected rows: those that were written."""
        rows = rows.filter(review__project=self.project).exclude(name="")
        rows = rows.filter(pk__lt=self.before) if self.before else rows
        return rows.select_related("review").order_by("-pk")

    def address(self, *, before: int) -> str:
        """The query of the next page."""
        return urlencode({"project": self.project, "before": before})


def _one_of(query: Mapping[str, str], name: str, known: list[str]) -> str:
    value = query.get(name, "")
    if value and value not in known:
        raise InvalidInputError(
            _("%(name)s must be one of %(known)s.") % {"name": name, "known": ", ".join(known)},
            code=f"unknown_{name}",
        )
    return value


def _number(query: Mapping[str, str], name: str) -> int:
    value = query.get(name, "") or "0"
    if not (value.isascii() and value.isdecimal() and len(value) < 19):  # noqa: PLR2004 — what a bigint holds
        raise InvalidInputError(_("%(name)s must be a number.") % {"name": name}, code=f"bad_{name}")
    return int(value)
