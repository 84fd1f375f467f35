"""What was concluded about each anchor of a stretch, in few bytes; and the counts that come of it."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

import msgspec

from loaders import gaps, restriction
from loaders.gaps import Count, What
from loaders.loader import Loader
from loaders.pages import Page
from loaders.services.verdicts import Engine, Judged, Tally
from loaders.sights import Sights


class Lack(msgspec.Struct, frozen=True, array_like=True):
    """One thing an anchor lacks; and who may know of it."""

    loader: str
    verdict: str
    label: str
    whom: str
    restricted_loader: bool
    restricted: bool

    @property
    def what(self) -> What:
        """Without the anchor."""
        return What(self.loader, self.verdict, self.label, self.whom)


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """Every loader's verdict on an anchor, in the order of the loaders, and what it lacks."""

    verdicts: tuple[str, ...]
    lacks: tuple[Lack, ...] = ()


#: What most anchors lack.
NONE: list[Lack] = []
OUTCOMES = msgspec.json.Decoder(list[Outcome])


@dataclass
class Outcomes:
    """The distinct outcomes of a stretch, and for each of its anchors the number of its own."""

    distinct: list[Outcome] = field(default_factory=list)
    codes: array[int] = field(default_factory=lambda: array("H"))

    @classmethod
    def read(cls, distinct: str, codes: bytes) -> Outcomes:
        """From how they are kept."""
        return cls(OUTCOMES.decode(distinct), array("H", codes))

    @classmethod
    def of(cls, each: Iterable[Outcome]) -> Outcomes:
        """From each anchor's."""
        numbers: dict[Outcome, int] = {}
        codes = array("H", [numbers.setdefault(one, len(numbers)) for one in each])
        return cls(list(numbers), codes)

    def each(self) -> list[Outcome]:
        """For each anchor its own."""
        return [self.distinct[code] for code in self.codes]

    def tally(self, loaders: Sequence[str], names: Sequence[str]) -> Tally:
        """The counts by these loaders, and what of them is lacking."""
        tally = Tally(verdicts={loader: Counter() for loader in loaders})
        counts = Counter(self.codes)
        for code, count in counts.items():
            for loader, verdict in zip(loaders, self.distinct[code].verdicts, strict=True):
                tally.verdicts[loader][verdict] += count
        self._note_gaps(tally, names, counts)
        return tally

    def _note_gaps(self, tally: Tally, names: Sequence[str], counts: Mapping[int, int]) -> None:
        stuck: dict[int, list[str]] = {code: [] for code in counts if self.distinct[code].lacks}
        for name, code in zip(names, self.codes, strict=True) if stuck else ():
            if code in stuck:
                stuck[code].append(name)
        for code, found in stuck.items():
            for lack in self.distinct[code].lacks:
                count = tally.gaps.setdefault(lack.what, Count(lack.restricted_loader))
                count.note_many(found, len(found), restricted=lack.restricted)


def concluded(engine: Engine, loaders: Sequence[Loader], page: Page, judged: Judged) -> list[Outcome]:
    """For each anchor of a page its outcome by loaders none of which failed."""
    columns = [judged.verdicts[loader.name].verdicts for loader in loaders]
    rows = zip(*columns, strict=True) if columns else repeat((), len(page))
    lacks: dict[int, list[Lack]] = {}
    for loader in loaders:
        if not engine.is_shadow(loader):
            _note_lacks(lacks, loader, page, judged)
    known: dict[Any, Outcome] = {}
    found = []
    for index, row in enumerate(rows):
        lacking = lacks.get(index, NONE)
        key = (row, *map(id, lacking)) if lacking else row
        if key not in known:
            known[key] = Outcome(tuple(map(str, row)), tuple(lacking))
        found.append(known[key])
    return found


def _note_lacks(lacks: dict[int, list[Lack]], loader: Loader, page: Page, judged: Judged) -> None:
    """Add what a loader finds lacking; one and the same `Lack` for all who lack the same."""
    restricted_loader = restriction.reads_restricted(loader, page.store.shapes)
    restricted = Sights.of(page, loader.links).restricted
    made: dict[tuple[What, bool], Lack] = {}
    for index, whats in gaps.lacking(loader, page, judged.verdicts[loader.name]).items():
        hidden = restricted_loader or restricted[index]
        own = lacks.setdefault(index, [])
        for one in whats:
            if (one, hidden) not in made:
                made[one, hidden] = Lack(*one, restricted_loader, hidden)
            own.append(made[one, hidden])
