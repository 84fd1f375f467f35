"""Whether a file is one of those an attribute holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_noop as _

from loaders.checks import Check, Finding
from loaders.checks.uploads import entries, is_finished, name_of
from loaders.pages import Page
from polyphemus_site.sentences import Sentence


@dataclass(frozen=True)
class Among(Check):
    """The text at `name` is the name of a finished file at `files`."""

    name: str
    files: str
    id: ClassVar[str] = "among"

    def reads(self) -> frozenset[str]:
        """Both."""
        return frozenset({self.name, self.files})

    def judge(self, page: Page) -> list[bool]:
        """Row by row."""
        pairs = zip(page.values(self.name), page.values(self.files), strict=True)
        return [name in names(files) for name, files in pairs]

    def explain(self, page: Page, index: int) -> Finding:
        """With the names that are there."""
        one = page.only(page.names[index])
        (name,), (files,) = one.values(self.name), one.values(self.files)
        says = Sentence(_("%(files)s holds %(name)s"), files=self.files, name=str(name))
        return Finding(self.id, name in names(files), says, seen=names(files))


def names(files: Any) -> list[str]:
    """The names of finished files."""
    return [name_of(entry) for entry in entries(files) if is_finished(entry)]
