"""Checks of files: there, finished, named as they should be, paired."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from loaders.checks.base import Check, Finding, ensure_span
from loaders.checks.uploads import entries, is_finished, name_of
from loaders.checks.values import groups_of, matcher, span
from loaders.pages import Page

#: Illumina's names (…_S1_L001_R1_001.fastq.gz), the short ones (…_R1.fastq.gz), the archives' (…_1.fastq.gz).
PAIRED = r"(?P<stem>.+?)[._]R?(?P<read>[12])(?P<rest>(?:_\d{3})?\.f(?:ast)?q(?:\.gz|\.bz2)?)"
#: Index reads travel with the pair and have no mate.
INDEX = r".+[._]I[12](?:_\d{3})?\.f(?:ast)?q(?:\.gz|\.bz2)?"
OWN, OWN_INDEX = (
    re.compile(PAIRED, re.ASCII | re.DOTALL).fullmatch,
    re.compile(INDEX, re.ASCII | re.DOTALL).fullmatch,
)


@dataclass(frozen=True)
class Files(Check):
    """Finished files, `min` to `max` of them, whose names match; with `only`, and nothing else."""

    attribute: str
    pattern: str = ""
    min: int = 1
    max: int | None = None
    only: bool = False
    id: ClassVar[str] = "files"

    def __post_init__(self) -> None:
        """Refuse a pattern that can't be compiled, and numbers that can't be."""
        matcher(self.pattern)
        ensure_span(self, self.min, self.max, least=0)

    def reads(self) -> frozenset[str]:
        """The one attribute."""
        return frozenset({self.attribute})

    def judge(self, page: Page) -> list[bool]:
        """Value by value."""
        return [self.accepts(entries(value)) for value in page.values(self.attribute)]

    def explain(self, page: Page, index: int) -> Finding:
        """With the names seen, those that don't count marked."""
        (value,) = page.only(page.names[index]).values(self.attribute)
        found = entries(value)
        count = sum(map(self.counts, found))
        pattern = f" like {self.pattern}" if self.pattern else ""
        says = f"{self.attribute}: {count} finished files{pattern}, expected {span(self.min, self.max)}"
        others = [name_of(entry) for entry in found if not self.counts(entry)]
        says += f"; not one of them: {', '.join(others)}" if others and self.only else ""
        return Finding(self.id, self.accepts(found), says, seen=[name_of(entry) for entry in found])

    def accepts(self, found: list[Any]) -> bool:
        """Whether the files of one record pass."""
        count = sum(map(self.counts, found)) if self.pattern else sum(map(is_finished, found))
        enough = self.min <= count and (self.max is None or count <= self.max)
        return enough and (not self.only or count == len(found))

    def counts(self, entry: Any) -> bool:
        """Whether one entry is a finished file of the right name."""
        return is_finished(entry) and (not self.pattern or matcher(self.pattern)(name_of(entry)) is not None)


@dataclass(frozen=True)
class Mates(Check):
    """Every read-1 file has its read-2 file and the other way round, each once; index reads are let be."""

    attribute: str
    pattern: str = PAIRED
    id: ClassVar[str] = "mates"

    def __post_init__(self) -> None:
        """Refuse a pattern that can't be compiled or lacks its groups."""
        groups = groups_of(self.pattern)
        if missing := [group for group in ("stem", "read") if group not in groups]:
            raise ValueError(f"The pattern of `mates` needs the groups stem and read; missing: {missing}.")

    def reads(self) -> frozenset[str]:
        """The one attribute."""
        return frozenset({self.attribute})

    def judge(self, page: Page) -> list[bool]:
        """Value by value."""
        found = map(entries, page.values(self.attribute))
        return [bool(files) and not self.odd(files) for files in found]

    def explain(self, page: Page, index: int) -> Finding:
        """Naming each that has no mate."""
        (value,) = page.only(page.names[index]).values(self.attribute)
        found = entries(value)
        odd = self.odd(found)
        says = (
            f"{self.attribute}: without its mate: {', '.join(odd)}"
            if odd
            else f"{self.attribute}: mates paired"
        )
        says = says if found else f"{self.attribute}: no files to pair"
        return Finding(self.id, bool(found) and not odd, says, seen=[name_of(entry) for entry in found])

    def odd(self, found: list[Any]) -> list[str]:
        """The names that have no mate, or more than one, or say nothing about their read."""
        names = [name for entry in found if not _is_index(name := name_of(entry))]
        keys = [self._key(name) for name in names]
        if _are_mates(keys):
            return []
        counts = Counter(key for key in keys if key)
        return [
            name
            for name, key in zip(names, keys, strict=True)
            if key is None or not counts[key] == counts[(key[0], other(key[1]))] == 1
        ]

    def pairs(self, value: Any) -> list[tuple[Any, Any]]:
        """The files of a value as (read 1, read 2), by name; what has no mate is left out."""
        halves: dict[str, dict[str, Any]] = {}
        for entry in entries(value):
            if key := self._key(name_of(entry)):
                halves.setdefault(key[0], {})[key[1]] = entry
        return [(half["1"], half["2"]) for _, half in sorted(halves.items()) if half.keys() == {"1", "2"}]

    def _key(self, name: str) -> tuple[str, str] | None:
        match = _split(self.pattern)(name)
        if match is None:
            return None
        rest = match.group("rest") if "rest" in groups_of(self.pattern) else ""
        return f"{match.group('stem')}\0{rest or ''}", match.group("read")


def _split(pattern: str) -> Callable[[str], Any]:
    """Our own pattern is safe in Python's engine, which is much quicker on short names; others are not."""
    return OWN if pattern == PAIRED else matcher(pattern)


def _is_index(name: str) -> bool:
    return "I" in name and OWN_INDEX(name) is not None


def _are_mates(keys: list[tuple[str, str] | None]) -> bool:
    """The usual case, told quickly: two files that are each other's mate."""
    match keys:
        case [(one, "1"), (another, "2")] | [(another, "2"), (one, "1")]:
            return one == another
        case _:
            return False


def other(read: str) -> str:
    """The mate's number."""
    return "2" if read == "1" else "1"
