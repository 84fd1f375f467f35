"""Checks of files: there, finished, named as they should be, paired."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import inf
from operator import and_
from typing import Any, ClassVar

from django.utils.translation import gettext_noop as _

from loaders.checks.base import Check, Finding, ensure_span
from loaders.checks.patterns import fits, fits_each, groups_of, matcher
from loaders.checks.uploads import Uploads, entries, is_finished, name_of
from loaders.checks.values import span
from loaders.pages import Page
from polyphemus_site.sentences import Sentence, joined

#: Illumina's names (…_S1_L001_R1_001.fastq.gz), the short ones (…_R1.fastq.gz), the archives' (…_1.fastq.gz).
PAIRED = r"(?P<stem>.+?)[._]R?(?P<read>[12])(?P<rest>(?:_\d{3})?\.f(?:ast)?q(?:\.gz|\.bz2)?)"
#: Index reads travel with the pair and have no mate.
INDEX = r".+[._]I[12](?:_\d{3})?\.f(?:ast)?q(?:\.gz|\.bz2)?"
OWN, OWN_INDEX = (
    re.compile(PAIRED, re.ASCII | re.DOTALL).fullmatch,
    re.compile(INDEX, re.ASCII | re.DOTALL).fullmatch,
)
#: The usual case, told quickly: two names, a line each, that differ in the number our own pattern finds. It
#: is sought from the end: there is only one place it can be.
PAIR = re.compile(
    r"(.+[._]R?)([12])((?:_\d{3})?\.f(?:ast)?q(?:\.gz|\.bz2)?)\n\1(?!\2)[12]\3", re.ASCII
).fullmatch


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
        fits(self.pattern)
        ensure_span(self, self.min, self.max, least=0)

    def reads(self) -> frozenset[str]:
        """The one attribute."""
        return frozenset({self.attribute})

    def judge(self, page: Page) -> list[bool]:
        """By counts of what is there, every name asked about once."""
        uploads = Uploads.at(page, self.attribute)
        counts = uploads.flagged(self._flags(uploads)) if self.pattern else uploads.done
        least, most = self.min, inf if self.max is None else self.max
        known = {count: least <= count <= most for count in set(counts)}
        passed = list(map(known.__getitem__, counts))
        if not self.only or counts is uploads.counts:
            return passed
        found = zip(passed, counts, uploads.counts, strict=True)
        return [enough and count == entries for enough, count, entries in found]

    def _flags(self, uploads: Uploads) -> list[bool]:
        fitting = fits_each(self.pattern)(uploads.names)
        return fitting if all(uploads.finished) else list(map(and_, uploads.finished, fitting))

    def explain(self, page: Page, index: int) -> Finding:
        """With the names seen, those that don't count marked."""
        found = entries(page.values(self.attribute)[index])
        names, counting = list(map(name_of, found)), list(map(self.counts, found))
        count = sum(counting)
        says = [counted(self.attribute, count, span(self.min, self.max), self.pattern)]
        if self.only and count < len(found):
            others = [name for name, counts in zip(names, counting, strict=True) if not counts]
            says.append(Sentence(_("not one of them: %(names)s"), names=", ".join(others)))
        enough = self.min <= count and (self.max is None or count <= self.max)
        passed = enough and (not self.only or count == len(found))
        return Finding(self.id, passed, joined(says), seen=names)

    def counts(self, entry: Any) -> bool:
        """Whether one entry is a finished file of the right name."""
        return is_finished(entry) and (not self.pattern or fits(self.pattern)(name_of(entry)))


@lru_cache(maxsize=1024)
def counted(attribute: str, count: int, expected: str, pattern: str) -> Sentence:
    """How many finished files there are, as it is told of many records."""
    wanted = {"attribute": attribute, "count": count, "span": expected}
    if not pattern:
        return Sentence(_("%(attribute)s: finished files: %(count)s, expected %(span)s"), **wanted)
    like = _("%(attribute)s: finished files like %(pattern)s: %(count)s, expected %(span)s")
    return Sentence(like, pattern=pattern, **wanted)


@lru_cache(maxsize=1024)
def told_of_pairs(attribute: str, *, are_there: bool) -> Sentence:
    """That files have their mates, or that there are none."""
    paired = _("%(attribute)s: mates paired") if are_there else _("%(attribute)s: no files to pair")
    return Sentence(paired, attribute=attribute)


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
        """Anchor by anchor."""
        groups = Uploads.at(page, self.attribute).grouped
        pairs = self._are_pairs(groups)
        return [
            bool(names) and (is_pair or not self.odd(names))
            for names, is_pair in zip(groups, pairs, strict=True)
        ]

    def explain(self, page: Page, index: int) -> Finding:
        """Naming each that has no mate."""
        found = list(map(name_of, entries(page.values(self.attribute)[index])))
        (is_pair,) = self._are_pairs([found])
        odd = [] if is_pair else self.odd(found)
        says = told_of_pairs(self.attribute, are_there=bool(found))
        if odd:
            without = _("%(attribute)s: without its mate: %(names)s")
            says = Sentence(without, attribute=self.attribute, names=", ".join(odd))
        return Finding(self.id, bool(found) and not odd, says, seen=found)

    def odd(self, found: list[str]) -> list[str]:
        """The names that have no mate, or more than one, or say nothing about their read."""
        names = [name for name in found if not _is_index(name)]
        keys = [self._key(name) for name in names]
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

    def _are_pairs(self, groups: list[list[str]]) -> list[bool]:
        """Whether they are two files that are each other's mate, as far as that is told quickly."""
        if self.pattern != PAIRED:
            return [False] * len(groups)
        return [match is not None for match in map(PAIR, map("\n".join, groups))]

    def _key(self, name: str) -> tuple[str, str] | None:
        match = self._split(name)
        if match is None:
            return None
        rest = match.group("rest") if self._has_rest else ""
        return f"{match.group('stem')}\0{rest or ''}", match.group("read")

    @cached_property
    def _split(self) -> Callable[[str], Any]:
        """Our own pattern is safe in Python's engine, which is much quicker; others are not."""
        return OWN if self.pattern == PAIRED else matcher(self.pattern)

    @cached_property
    def _has_rest(self) -> bool:
        return "rest" in groups_of(self.pattern)


def _is_index(name: str) -> bool:
    return "I" in name and OWN_INDEX(name) is not None


def other(read: str) -> str:
    """The mate's number."""
    return "2" if read == "1" else "1"
