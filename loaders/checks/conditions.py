"""Checks that depend on another, and the one that is a lab's own code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import ClassVar

from django.utils.translation import gettext_noop as _

from loaders.checks.base import All, AnyOf, Check, Finding, Named, Not, settle
from loaders.errors import LoaderError, MisspeltLoaderError
from loaders.pages import Page
from polyphemus_site.sentences import Sentence

#: A lab's own check: for each anchor what is wrong with it, "" when nothing is.
Complain = Callable[[Page], Sequence[str]]


@dataclass(frozen=True)
class When(Check):
    """Where `condition` holds, `then` must; elsewhere nothing is asked."""

    condition: Check
    then: Check
    id: ClassVar[str] = "when"

    def reads(self) -> frozenset[str]:
        """What either reads."""
        return self.condition.reads() | self.then.reads()

    def judge(self, page: Page) -> list[bool]:
        """Row by row."""
        pairs = zip(self.condition.answers(page), self.then.answers(page), strict=True)
        return [passed or not asked for asked, passed in pairs]

    def explain(self, page: Page, index: int) -> Finding:
        """The condition first; what follows only where it is asked."""
        condition = self.condition.explained(page, index)
        if not condition.passed:
            return Finding(
                self.id,
                passed=True,
                says=Sentence(_("not asked: %(what)s"), what=condition.says),
                parts=(condition,),
            )
        then = self.then.explained(page, index)
        found = then.whats_wrong() or then.says
        says = Sentence(_("since %(condition)s: %(found)s"), condition=condition.says, found=found)
        return Finding(self.id, then.passed, says, parts=(condition, then))

    def parts(self) -> Iterable[Check]:
        """Both."""
        return (self.condition, self.then)


@dataclass(frozen=True)
class Custom(Check):
    """A function of a page, named as `package.module:function`; trusted code only."""

    function: str
    attributes: tuple[str, ...]
    id: ClassVar[str] = "custom"

    def __post_init__(self) -> None:
        """Refuse what can't name a function."""
        if self.function.count(":") != 1:
            raise ValueError(f"`custom` wants package.module:function, not {self.function!r}.")
        settle(self, "attributes")

    def reads(self) -> frozenset[str]:
        """What its author says it reads."""
        return frozenset(self.attributes)

    def judge(self, page: Page) -> list[bool]:
        """Anchors nothing is said against pass."""
        return [not complaint for complaint in self._complaints(page)]

    def explain(self, page: Page, index: int) -> Finding:
        """With the function's own words."""
        complaint = self._complaints(page.only(page.names[index]))[0]
        return Finding(
            self.id,
            not complaint,
            complaint or Sentence(_("%(function)s has nothing against it"), function=self.function),
        )

    def _complaints(self, page: Page) -> list[str]:
        said = list(self._called(page))
        if len(said) != len(page):
            raise LoaderError(f"{self.function} answered {len(said)} times for {len(page)} anchors.")
        return said

    @cached_property
    def _called(self) -> Complain:
        module, _, name = self.function.partition(":")
        try:
            found: Complain = getattr(import_module(module), name)
        except (ImportError, AttributeError) as error:
            raise MisspeltLoaderError(f"`custom` can't find {self.function}: {error}.") from error
        return found


#: Checks whose answers follow from those of their parts alone.
COMPOSED = (All, AnyOf, Not, Named, When)


def simple(check: Check) -> Iterator[Check]:
    """The checks that a check is composed of, down to those that look at records."""
    if type(check) not in COMPOSED:
        yield check
        return
    for part in check.parts():
        yield from simple(part)
