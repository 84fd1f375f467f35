"""Whether a table has the columns somebody counts on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_noop as _

from loaders.checks import Check, Finding
from loaders.pages import Page
from polyphemus_site.sentences import Sentence


@dataclass(frozen=True)
class Columns(Check):
    """The list at `attribute` names every one of `wanted`, each once."""

    attribute: str
    wanted: tuple[str, ...]
    id: ClassVar[str] = "columns"

    def reads(self) -> frozenset[str]:
        """The one attribute."""
        return frozenset({self.attribute})

    def judge(self, page: Page) -> list[bool]:
        """Header by header."""
        return [bool(value) and not self.odd(value) for value in page.values(self.attribute)]

    def explain(self, page: Page, index: int) -> Finding:
        """With the header seen, and what is missing or doubled."""
        (value,) = page.only(page.names[index]).values(self.attribute)
        odd = self.odd(value)
        says = Sentence(_("every column is there once"))
        if odd:
            says = Sentence(_("columns missing or doubled: %(names)s"), names=", ".join(odd))
        return Finding(self.id, bool(value) and not odd, says, seen=value)

    def odd(self, value: Any) -> list[str]:
        """Those that aren't there exactly once."""
        header = value if isinstance(value, list) else []
        return [column for column in self.wanted if header.count(column) != 1]
