"""Which orphans a person asks for, as addresses and forms say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from urllib.parse import urlencode

from orphans.querysets import OrphanQuerySet
from orphans.states import Cause, OrphanStatus
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
            raise InvalidInputError("Name a project: ?project=…", code="project_missing")
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


def _one_of(query: Mapping[str, str], name: str, known: list[str]) -> str:
    value = query.get(name, "")
    if value and value not in known:
        raise InvalidInputError(f"{name} must be one of {', '.join(known)}.", code=f"unknown_{name}")
    return value


def _number(query: Mapping[str, str], name: str) -> int:
    value = query.get(name, "") or "0"
    if not (value.isascii() and value.isdecimal() and len(value) < 19):  # noqa: PLR2004 — what a bigint holds
        raise InvalidInputError(f"{name} must be a number.", code=f"bad_{name}")
    return int(value)
