"""Checks of the records an anchor leads to: how many there are, and what each must be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from django.utils.translation import gettext_noop as _

from loaders.checks.base import Check, Finding, earliest, ensure_span
from loaders.checks.values import span
from loaders.pages import Page, as_names
from loaders.shapes import Special
from polyphemus_site.sentences import Sentence, joined

#: How many linked records an explanation shows one by one.
SHOWN = 50


@dataclass(frozen=True)
class Linked(Check):
    """Of the records `path` leads to, those that pass `where` number `min` to `max`, and each passes `every`.

    The inner checks read from the linked record on, and are judged once for the whole page.
    """

    path: str
    where: Check | None = None
    every: Check | None = None
    min: int = 1
    max: int | None = None
    id: ClassVar[str] = "linked"

    def __post_init__(self) -> None:
        """Refuse what no number can be."""
        ensure_span(self, self.min, self.max, least=0)

    def reads(self) -> frozenset[str]:
        """The links themselves and, below them, what the inner checks read."""
        inner = [check.reads() for check in (self.where, self.every) if check]
        below = {Special.IDENTIFIER.value}.union(*inner)
        return frozenset(f"{self.path}.{read}" for read in below)

    def judge(self, page: Page) -> list[bool]:
        """Inner checks once over all linked records, then a count an anchor."""
        groups = page.linked(self.path)
        target = self._target(page, groups)
        counts = passing(self.where, target)
        sound = passing(self.every, target.of(target.model, counts))
        return [self._holds([name for name in group if name in counts], sound) for group in groups]

    def explain(self, page: Page, index: int) -> Finding:
        """The count, and the inner findings for each linked record."""
        one = page.only(page.names[index])
        (group,) = groups = one.linked(self.path)
        target = self._target(one, groups)
        counted = [name for name in group if name in passing(self.where, target)]
        sound = passing(self.every, target.of(target.model, counted))
        parts = tuple(self._member(target, position, counted) for position in range(min(len(group), SHOWN)))
        count = _("%(path)s: %(count)s of %(number)s count, expected %(span)s")
        wanted = {"count": len(counted), "number": len(group), "span": span(self.min, self.max)}
        says = [Sentence(count, path=self.path, **wanted)]
        if odd := [name for name in counted if name not in sound]:
            says.append(Sentence(_("not sound: %(troubles)s"), troubles=self._troubles(target, group, odd)))
        return Finding(self.id, self._holds(counted, sound), joined(says), seen=counted, parts=parts)

    def ripens(self, page: Page) -> list[datetime | None]:
        """The earliest instant among the linked records."""
        groups = page.linked(self.path)
        target = self._target(page, groups)
        inner = [check.ripens(target) for check in (self.where, self.every) if check]
        when = dict(zip(target.names, earliest(len(target), inner), strict=True))
        return [min(filter(None, (when[name] for name in group)), default=None) for group in groups]

    def _target(self, page: Page, groups: list[tuple[str, ...]]) -> Page:
        model = page.store.shapes.end_of(page.model, tuple(self.path.split(".")))
        return page.of(model, dict.fromkeys(name for group in groups for name in group))

    def _holds(self, counted: list[str], sound: set[str]) -> bool:
        enough = self.min <= len(counted) and (self.max is None or len(counted) <= self.max)
        return enough and all(name in sound for name in counted)

    def _member(self, target: Page, position: int, counted: list[str]) -> Finding:
        name = target.names[position]
        checks = [self.where] if self.where else []
        checks += [self.every] if self.every and name in counted else []
        parts = tuple(check.explain(target, position) for check in checks)
        return Finding("record", all(part.passed for part in parts), f"{target.model} {name}", parts=parts)

    def _troubles(self, target: Page, group: tuple[str, ...], odd: list[str]) -> list[str]:
        if self.every is None:
            return []
        found = [self.every.explain(target, group.index(name)).whats_wrong() for name in odd]
        trouble = "%(name)s: %(found)s"
        return [Sentence(trouble, name=name, found=why) for name, why in zip(odd, found, strict=True)]


def passing(check: Check | None, page: Page) -> set[str]:
    """The names that pass; all of them when nothing is asked."""
    if check is None or not page.names:
        return set(page.names)
    return {name for name, passed in zip(page.names, check.judge(page), strict=True) if passed}


@dataclass(frozen=True)
class Rows(Check):
    """A table, collection or link holds `min` to `max` records; nothing of them is read."""

    attribute: str
    min: int = 1
    max: int | None = None
    id: ClassVar[str] = "rows"

    def __post_init__(self) -> None:
        """Refuse what no number can be."""
        ensure_span(self, self.min, self.max, least=0)

    def reads(self) -> frozenset[str]:
        """The one attribute."""
        return frozenset({self.attribute})

    def judge(self, page: Page) -> list[bool]:
        """Count by count."""
        return [self._holds(len(as_names(value))) for value in page.values(self.attribute)]

    def explain(self, page: Page, index: int) -> Finding:
        """With the count."""
        value = page.values(self.attribute)[index]
        count = len(as_names(value))
        rows = _("%(attribute)s: rows: %(count)s, expected %(span)s")
        says = Sentence(rows, attribute=self.attribute, count=count, span=span(self.min, self.max))
        return Finding(self.id, self._holds(count), says, seen=count)

    def _holds(self, count: int) -> bool:
        return self.min <= count and (self.max is None or count <= self.max)
