"""Checks of one value: there, well-formed, in range, one of a list."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import inf, isfinite
from types import NoneType
from typing import Any, ClassVar

from django.utils.translation import gettext_noop as _

from loaders.checks.base import Check, Finding, ensure_span, settle
from loaders.checks.patterns import fits, fits_each
from loaders.checks.uploads import is_absent
from loaders.pages import Page
from loaders.shapes import split
from polyphemus_site.sentences import Sentence

#: Kinds of values that are there whatever they are.
NUMBERS = frozenset({int, float, bool})
COUNTABLE = frozenset({int, float, NoneType})
#: Columns of one of these hold no two equal values that aren't the same, as 1 and true are.
PLAIN = (frozenset({str, NoneType}), frozenset({int, NoneType}))


class ValueCheck(Check):
    """A check of the one value at `attribute`.

    Subclass implementation: `accepts(value)` for a value that is there; `asks()`, what is wanted, in words.
    """

    attribute: str

    @abstractmethod
    def accepts(self, value: Any) -> bool:
        """Whether a value that is there passes."""

    @abstractmethod
    def asks(self) -> str:
        """What is wanted of the value, in words."""

    def reads(self) -> frozenset[str]:
        """The one attribute."""
        return frozenset({self.attribute})

    def judge(self, page: Page) -> list[bool]:
        """Value by value; one that many records have in common once, where equal ones are the same."""
        values = page.values(self.attribute)
        kinds = set(map(type, values))
        if not any(kinds <= plain for plain in PLAIN):
            return list(map(self._passes, values))
        distinct = list(set(values))
        known = dict(zip(distinct, self._each(distinct), strict=True))
        return list(map(known.__getitem__, values))

    def _each(self, values: list[Any]) -> list[bool]:
        """Whether they pass; none of them equals another."""
        return list(map(self._passes, values))

    def explain(self, page: Page, index: int) -> Finding:
        """With the value."""
        value = page.values(self.attribute)[index]
        return Finding(self.id, self._passes(value), self._says, seen=value)

    @cached_property
    def _says(self) -> Sentence:
        return Sentence("%(attribute)s %(asked)s", attribute=self.attribute, asked=self.asks())

    def _passes(self, value: Any) -> bool:
        kind = type(value)  # most values are plain: told quickly
        is_there = value != "" if kind is str else kind in NUMBERS or not is_absent(value)
        return is_there and self.accepts(value)


@dataclass(frozen=True)
class Present(ValueCheck):
    """A value is there: not null, not empty; of files, at least one finished."""

    attribute: str
    id: ClassVar[str] = "present"

    def accepts(self, value: Any) -> bool:  # noqa: ARG002 — whatever is there will do
        """Anything that is there."""
        return True

    def asks(self) -> str:
        """In words."""
        return Sentence(_("is there"))


@dataclass(frozen=True)
class Matches(ValueCheck):
    """The whole text matches an RE2 pattern; `::identifier` is the record's name."""

    attribute: str
    pattern: str
    id: ClassVar[str] = "matches"

    def __post_init__(self) -> None:
        """Refuse a pattern that can't be compiled."""
        fits(self.pattern)

    def accepts(self, value: Any) -> bool:
        """Only text can match."""
        return isinstance(value, str) and fits(self.pattern)(value)

    def _each(self, values: list[Any]) -> list[bool]:
        """All texts at once."""
        texts = [value for value in values if isinstance(value, str) and value]
        known = dict(zip(texts, fits_each(self.pattern)(texts), strict=True))
        return [known.get(value, False) for value in values]

    def asks(self) -> str:
        """In words."""
        return Sentence(_("matches %(pattern)s"), pattern=self.pattern)


@dataclass(frozen=True)
class Range(ValueCheck):
    """A number from `min` to `max`, both included."""

    attribute: str
    min: float | None = None
    max: float | None = None
    id: ClassVar[str] = "range"

    def __post_init__(self) -> None:
        """Refuse what no number can be."""
        if not all(isfinite(end) for end in (self.min, self.max) if end is not None):
            raise ValueError("`range` wants numbers, or nothing where there is no end.")
        ensure_span(self, self.min, self.max)

    def judge(self, page: Page) -> list[bool]:
        """A column of numbers and nulls straight away."""
        values = page.values(self.attribute)
        if self.min is self.max is None or not set(map(type, values)) <= COUNTABLE:
            return super().judge(page)
        least = -inf if self.min is None else self.min
        most = inf if self.max is None else self.max
        return [value is not None and least <= value <= most for value in values]

    def accepts(self, value: Any) -> bool:
        """Only numbers; true and false are none."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return (self.min is None or value >= self.min) and (self.max is None or value <= self.max)

    def asks(self) -> str:
        """In words."""
        return Sentence(_("is a number %(span)s"), span=span(self.min, self.max))


@dataclass(frozen=True)
class OneOf(ValueCheck):
    """One of a list of values; text optionally in any case."""

    attribute: str
    values: tuple[str | float | bool, ...]
    ignore_case: bool = False
    id: ClassVar[str] = "one_of"

    def __post_init__(self) -> None:
        """Take a list for a tuple; of nothing nothing can be one."""
        settle(self, "values")
        if not self.values:
            raise ValueError("`one_of` wants at least one value.")

    def accepts(self, value: Any) -> bool:
        """Membership, without confusing true with 1."""
        return any(self._same(value, wanted) for wanted in self.values)

    def asks(self) -> str:
        """In words."""
        return Sentence(_("is one of %(known)s"), known=", ".join(str(value) for value in self.values))

    def _same(self, value: Any, wanted: Any) -> bool:
        if self.ignore_case and isinstance(value, str) and isinstance(wanted, str):
            return value.casefold() == wanted.casefold()
        return isinstance(value, bool) == isinstance(wanted, bool) and bool(value == wanted)


@dataclass(frozen=True)
class MatrixWidth(Check):
    """A matrix row is there, and as wide as the template's list of columns, or as `width`."""

    attribute: str
    width: int | None = None
    id: ClassVar[str] = "matrix_width"

    def reads(self) -> frozenset[str]:
        """The one attribute."""
        return frozenset({self.attribute})

    def judge(self, page: Page) -> list[bool]:
        """Row by row."""
        wanted = self.wanted(page)
        return [width_of(value) == wanted for value in page.values(self.attribute)]

    def explain(self, page: Page, index: int) -> Finding:
        """With the width seen, not the numbers."""
        value = page.values(self.attribute)[index]
        seen, wanted = width_of(value), self.wanted(page)
        says = Sentence(_("%(attribute)s has %(width)s columns"), attribute=self.attribute, width=wanted)
        return Finding(self.id, seen == wanted, says, seen=seen)

    def wanted(self, page: Page) -> int:
        """The width asked for."""
        if self.width is not None:
            return self.width
        *links, attribute = split(self.attribute)
        shapes = page.store.shapes
        return len(shapes[shapes.end_of(page.model, tuple(links))].trait(attribute).options)


def width_of(value: Any) -> int | None:
    """How many columns a matrix row has; None where there is no row."""
    return len(value) if isinstance(value, list) and not is_absent(value) else None


@lru_cache(maxsize=1024)
def span(low: float | None, high: float | None) -> str:
    """A range in words: exactly 1, at least 1, at most 3, 1 to 3."""
    if low is not None and low == high:
        return Sentence(_("exactly %(number)s"), number=f"{low:g}")
    if high is None:
        if low is None:
            return Sentence(_("of any size"))
        return Sentence(_("at least %(number)s"), number=f"{low:g}")
    if low is None:
        return Sentence(_("at most %(number)s"), number=f"{high:g}")
    return Sentence(_("%(low)s to %(high)s"), low=f"{low:g}", high=f"{high:g}")
