"""Anchors of a page that all checks answer alike are of a kind: of each kind one is judged, however many."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, TypeVar

from loaders.checks import Check
from loaders.loader import Loader
from loaders.pages import Page

logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True)
class Kinds:
    """The anchors of a page, sorted by what some loaders' checks answer."""

    page: Page
    #: The keys of the checks that were asked, and answered.
    asked: frozenset[Any]
    #: For each anchor the number of its kind.
    codes: list[int]
    #: Kind -> where its first anchor stands.
    firsts: list[int]

    @classmethod
    def of(cls, page: Page, loaders: Iterable[Loader]) -> Kinds:
        """By these loaders, as far as no code of a lab's own answers for them.

        A check that fails is left out: each of its loaders finds that out for itself.
        """
        questions: dict[Any, Check] = {}
        for loader in loaders:
            if not loader.runs_code:
                questions |= loader.simple_checks
        asked = {
            key: column for key, one in questions.items() if (column := _answered(one, page)) is not None
        }
        rows = zip(*asked.values(), strict=True) if asked else iter([()] * len(page))
        numbers: dict[tuple[bool, ...], int] = {}
        codes = [numbers.setdefault(row, len(numbers)) for row in rows]
        firsts = dict(zip(reversed(codes), reversed(range(len(codes))), strict=True))
        return cls(page, frozenset(asked), codes, [firsts[code] for code in range(len(numbers))])

    @classmethod
    def each(cls, page: Page) -> Kinds:
        """Every anchor as a kind of its own."""
        own = range(len(page))
        return cls(page, frozenset(), list(own), list(own))

    def covers(self, loader: Loader) -> bool:
        """Whether the loader's verdict on one of a kind is that on all of the kind."""
        return not loader.runs_code and self.asked >= loader.simple_checks.keys()

    @cached_property
    def examples(self) -> Page:
        """One anchor of each kind, and what was answered about it."""
        part = self.page.of(self.page.model, (self.page.names[index] for index in self.firsts))
        part.answers.update(
            {key: [self.page.answers[key][index] for index in self.firsts] for key in self.asked}
        )
        return part

    @cached_property
    def members(self) -> list[list[int]]:
        """Kind -> where its anchors stand."""
        found: list[list[int]] = [[] for _ in self.firsts]
        for index, code in enumerate(self.codes):
            found[code].append(index)
        return found

    def where(self, column: list[T], wanted: T) -> list[int]:
        """Where the anchors stand of whose kind that holds."""
        kinds = [members for members, one in zip(self.members, column, strict=True) if one is wanted]
        return sorted(chain.from_iterable(kinds))

    def spread(self, column: list[T]) -> list[T]:
        """What holds for each kind, for each anchor."""
        return [column[code] for code in self.codes]


def _answered(check: Check, page: Page) -> list[bool] | None:
    try:
        return check.answers(page)
    except Exception:
        # told where the loader is judged that asks
        logger.debug("%s failed on a page of %s.", check.id, page.model, exc_info=True)
        return None
