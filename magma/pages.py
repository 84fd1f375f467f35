"""What Magma answers, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from magma.errors import MagmaGarbled
from magma.questions import Ending
from magma.templates import Template
from polyphemus_site.sentences import say as _

Document: TypeAlias = Mapping[str, Any]
Documents: TypeAlias = dict[str, Document]


class ModelAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One model's part of an answer to /retrieve; `count` is the filtered total, on page 1 only."""

    documents: dict[str, Any]  # left open: an open value is decoded a third faster than a typed one
    template: Template | UnsetType = UNSET
    count: int | None = None


class Retrieved(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer to /retrieve."""

    models: dict[str, ModelAnswer]
    ending: Ending | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to /query; `pairs()` and `number()` read its usual forms."""

    answer: Any
    type: str | None = None
    format: Any = None
    ending: Ending | None = None

    def pairs(self) -> list[tuple[str, Any]]:
        """What `::all` gives: identifiers (table rows by number, as text) with what was asked about each."""
        try:
            return [(str(identifier), value) for identifier, value in self.answer]
        except (TypeError, ValueError) as error:
            raise MagmaGarbled(
                _("Magma's answer is no list of pairs: %(error)s.") % {"error": error}
            ) from error

    def number(self) -> int:
        """What `::count` gives."""
        if not isinstance(self.answer, int):
            raise MagmaGarbled(_("Magma counted %(answer)r.") % {"answer": self.answer})
        return self.answer


class Vocabulary(msgspec.Struct, frozen=True, kw_only=True):
    """What /query says of its own language."""

    said: Any


class Flags(msgspec.Struct, frozen=True, kw_only=True):
    """A project's switches."""

    flags: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TextTable:
    """An answer asked for as tab-separated text."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Records of one model in the order of their identifiers; `tables` has the rows of table attributes."""

    number: int
    documents: Documents
    count: int | None = None
    tables: dict[str, Documents] = field(default_factory=dict)
    ending: Ending | None = None

    @classmethod
    def of(cls, retrieved: Retrieved, model: str, number: int) -> Page:
        """The page of `model`; whatever else came along are its tables."""
        if (wanted := retrieved.models.get(model)) is None:
            raise MagmaGarbled(
                _("Magma was asked about %(model)s and answered about %(others)s.")
                % {"model": model, "others": ", ".join(retrieved.models)}
            )
        parts: dict[str, Documents] = {name: part.documents for name, part in retrieved.models.items()}
        documents = parts.pop(model)
        if not all(issubclass(kind, Mapping | msgspec.Raw) for kind in set(map(type, documents.values()))):
            raise MagmaGarbled(_("Magma gave %(model)s records that are no documents.") % {"model": model})
        return cls(number, documents, wanted.count, parts, retrieved.ending)


@dataclass(frozen=True, slots=True)
class Orphan:
    """A record without the parent it should have, and when it was last written (whole seconds)."""

    identifier: str
    updated_at: datetime

    @classmethod
    def of(cls, identifier: str, values: Any) -> Orphan:
        """From a row of a table with the one column `updated_at`."""
        try:
            return cls(identifier, datetime.fromisoformat(values[0]).astimezone(UTC))
        except (TypeError, ValueError, IndexError) as error:
            raise MagmaGarbled(
                _("Magma gave %(values)r for the instant of %(identifier)s.")
                % {"values": values, "identifier": identifier}
            ) from error
