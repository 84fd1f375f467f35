"""Whether a record is called what its model's names look like."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import re2
from django.utils.translation import gettext_noop as _

from loaders.checks.base import Check, Finding
from loaders.pages import Page
from loaders.shapes import Special
from polyphemus_site.sentences import Sentence


@dataclass(frozen=True)
class NamedByRule(Check):
    """The record's name fits the pattern its model's template has for names, where it has one.

    Records older than the rule are there under other names. The patterns are Ruby's: one that RE2 can't read
    is Magma's alone to keep.
    """

    id: ClassVar[str] = "named_by_rule"

    def reads(self) -> frozenset[str]:
        """The name."""
        return frozenset({Special.IDENTIFIER.value})

    def judge(self, page: Page) -> list[bool]:
        """Name by name."""
        rule = self._rule(page)
        return [rule is None or rule.search(name) is not None for name in page.names]

    def explain(self, page: Page, index: int) -> Finding:
        """With the rule."""
        passed = self.judge(page.only(page.names[index]))[0]
        says = Sentence(_("any name fits: the template has no rule"))
        if pattern := self._pattern(page):
            says = Sentence(_("its name fits %(pattern)s"), pattern=pattern)
        return Finding(self.id, passed, says, seen=page.names[index])

    def _pattern(self, page: Page) -> str:
        shape = page.store.shapes[page.model]
        trait = shape.traits.get(shape.identifier)
        return trait.pattern if trait else ""

    def _rule(self, page: Page) -> Any:
        pattern = self._pattern(page)
        return _compiled(pattern) if pattern else None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error:
        return None
