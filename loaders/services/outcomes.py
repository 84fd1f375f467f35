"""What was concluded about each anchor of a stretch, in few bytes; and the counts that come of it."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

import msgspec

from loaders import gaps, restriction
from loaders.checks import Check
from loaders.gaps import Count, What
from loaders.kinds import Kinds
from loaders.loader import Loader
from loaders.services.verdicts import Engine, Judged, Tally
from loaders.sights import Links, Sights
from loaders.states import Verdict


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
        """From each anchor's; most are one and the same object."""
        found = list(each)
        numbers: dict[Outcome, int] = {}
        objects = {id(one): one for one in found}
        number = {key: numbers.setdefault(one, len(numbers)) for key, one in objects.items()}
        return cls(list(numbers), array("H", [number[id(one)] for one in found]))

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


def concluded(engine: Engine, loaders: Sequence[Loader], judged: Judged) -> list[Outcome]:
    """For each anchor of a page its outcome by loaders none of which failed; anchors of a kind share one."""
    conclusion = Conclusion(loaders, judged, {one.name for one in loaders if engine.is_shadow(one)})
    shared: dict[int, Outcome] = {}
    found = []
    for index, code in enumerate(conclusion.kinds.codes):
        if index in conclusion.apart:
            found.append(conclusion.outcome(index))
            continue
        if code not in shared:
            shared[code] = conclusion.outcome(index)
        found.append(shared[code])
    return found


@dataclass(frozen=True)
class Conclusion:
    """What loaders said of a page, read anchor by anchor."""

    loaders: Sequence[Loader]
    judged: Judged
    #: Those of the loaders whose lacks are told to nobody.
    shadows: Collection[str]

    @cached_property
    def kinds(self) -> Kinds:
        """As the loaders judged them; each anchor for itself where one of them couldn't."""
        kinds = self.judged.kinds
        are_judged = all(self.judged.verdicts[loader.name].kinds is kinds for loader in self.loaders)
        return kinds if are_judged else Kinds.each(kinds.page)

    @cached_property
    def apart(self) -> set[int]:
        """The anchors that differ from their kind: by requests, or by who may know of them."""
        by_requests = (self.judged.verdicts[loader.name].apart for loader in self.loaders)
        hidden = (index for flags in self._restricted.values() for index, flag in enumerate(flags) if flag)
        return set().union(*by_requests, hidden)

    @cached_property
    def _restricted(self) -> dict[frozenset[Links], list[bool]]:
        page = self.kinds.page
        return {links: Sights.of(page, links).restricted for links in {one.links for one in self.loaders}}

    def outcome(self, index: int) -> Outcome:
        """One anchor's."""
        verdicts = tuple(self.judged.verdicts[one.name].verdicts[index] for one in self.loaders)
        told = zip(self.loaders, verdicts, strict=True)
        lacks = (self._lacks(one, verdict, index) for one, verdict in told if one.name not in self.shadows)
        return Outcome(tuple(map(str, verdicts)), tuple(chain.from_iterable(lacks)))

    def _lacks(self, loader: Loader, verdict: Verdict, index: int) -> Iterator[Lack]:
        kind, examples = self.kinds.codes[index], self.kinds.examples
        for asked, what in self._wanted[loader.name].get(verdict, ()):
            if not asked.answers(examples)[kind]:
                restricted_loader = self._reads_restricted[loader.name]
                hidden = restricted_loader or self._restricted[loader.links][index]
                yield Lack(*what, restricted_loader, hidden)

    @cached_property
    def _wanted(self) -> dict[str, dict[Verdict, list[tuple[Check, What]]]]:
        told = gaps.QUESTIONS
        return {one.name: {verdict: gaps.wanted(one, verdict) for verdict in told} for one in self.loaders}

    @cached_property
    def _reads_restricted(self) -> dict[str, bool]:
        shapes = self.kinds.page.store.shapes
        return {one.name: restriction.reads_restricted(one, shapes) for one in self.loaders}
