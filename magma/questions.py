"""Questions in Magma's own terms: what the body of a read may hold, and the parts it is made of.

A question turned into a body and back is the same question; a body with a key not named here is not ours to
ask. Values are as wide as Magma takes them, since a recorded question may well be a wrong one. Our own code
asks through `magma.client.Magma`, which is narrower.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

Json: TypeAlias = Any
Text: TypeAlias = str | UnsetType | None
Number: TypeAlias = int | float | bool | str | UnsetType | None
Switch: TypeAlias = bool | int | str | UnsetType | None
Names: TypeAlias = str | tuple[str | int, ...] | UnsetType | None


class ReadPath(Enum):
    """Every address the client may ask; there is no other way out."""

    RETRIEVE = "/retrieve"
    QUERY = "/query"
    ALIVE = "/"
    FLAGS = "/flags/"
    GRAMMAR = "/gnomon/"


class Ending(Enum):
    """Why a page is empty: Magma says so with a 422."""

    PAST_END = "past the end"
    NOTHING = "nothing found"


class UnknownQuestionError(ValueError):
    """A body that none of our questions would produce."""


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What both reads share."""

    project_name: Text = UNSET
    page: Number = UNSET
    page_size: Number = UNSET
    order: Text = UNSET
    show_disconnected: Switch = UNSET
    format: Text = UNSET
    expand_matrices: Switch = UNSET
    transpose: Switch = UNSET
    event_log: Switch = UNSET

    @classmethod
    def parse(cls, body: Mapping[str, Json]) -> Question:
        """The question that would produce `body`; UnknownQuestionError when there is none."""
        try:
            return msgspec.convert(body, cls)
        except msgspec.ValidationError as error:
            raise UnknownQuestionError(str(error)) from error

    def to_body(self) -> dict[str, Json]:
        """The body to send, only with what was said."""
        return {
            key: _plain(value) for key, value in msgspec.structs.asdict(self).items() if value is not UNSET
        }

    @property
    def is_paged(self) -> bool:
        """One of `page` and `page_size` without the other asks for everything."""
        return bool(self.page) and bool(self.page_size)

    @property
    def wants_tsv(self) -> bool:
        """The answer is a table as text."""
        return self.format == "tsv"


class RetrieveQuestion(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /retrieve: templates and documents."""

    model_name: Text = UNSET
    record_names: Names = UNSET
    attribute_names: Names = UNSET
    filter: Json = UNSET
    hide_templates: Switch = UNSET
    collapse_tables: Switch = UNSET
    output_predicate: Json = UNSET


class QueryQuestion(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /query: a path through the models; a word (`::model_names`) or a list that starts with a model."""

    query: Json = UNSET
    user_columns: Json = UNSET

    @property
    def wants_vocabulary(self) -> bool:
        """`::predicates` lists the language itself, as an answer of no fixed shape."""
        return bool(self.query == "::predicates")


QUESTIONS: dict[ReadPath, type[Question]] = {
    ReadPath.RETRIEVE: RetrieveQuestion,
    ReadPath.QUERY: QueryQuestion,
}


def _plain(value: Json) -> Json:
    return list(value) if isinstance(value, tuple) else value


def instant(moment: datetime) -> str:
    """As Magma's filters want it: UTC, whole seconds, no offset (PostgreSQL would drop the offset unread)."""
    if moment.tzinfo is None:
        raise ValueError("An instant for Magma needs a time zone.")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def term(attribute: str, operator: str, value: object) -> str:
    """One term of a /retrieve filter, as `updated_at>2026-01-01T00:00:00`.

    `>=` and `<=` are refused: Magma reads them as `>` and `<` of "=value".
    """
    if operator not in {"=", "<", ">", "~", "[]", "^@"}:
        raise ValueError(f"Magma's /retrieve can't filter with {operator!r}.")
    return f"{attribute}{operator}{instant(value) if isinstance(value, datetime) else value}"


def has(attribute: str) -> list[str]:
    """A /query filter: the attribute holds something."""
    return ["::has", attribute]


def lacks(attribute: str) -> list[str]:
    """A /query filter: the attribute is empty."""
    return ["::lacks", attribute]


def is_one_of(names: Iterable[str | int], attribute: str = "::identifier") -> list[Json]:
    """A /query filter: the attribute is one of these."""
    return [attribute, "::in", list(names)]


def changed_after(moment: datetime) -> list[Json]:
    """A /query filter: written in the second of `moment` or later.

    Magma stores fractions and shows none, so the second before is let in too: none is lost, some come twice.
    """
    return ["updated_at", "::>", instant(moment - timedelta(seconds=1))]
