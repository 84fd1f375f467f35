"""A full scan at work: stretch by stretch it compares what it reads with what was seen, and judges the rest.

What is as it was needs no judging: a verdict follows from what was read for the anchor, from the loaders and
templates, from the suggestions that stand and from requests. Each of these is looked at, and whatever can't
be vouched for is judged (docs/explanations/loaders.md).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from django.db import transaction

from loaders import gaps, prints
from loaders.batches import Met
from loaders.clocks import Clock
from loaders.garbage import collected_after
from loaders.gathering import Gatherer
from loaders.loader import Loader
from loaders.names import is_kept, unkept
from loaders.pages import Page
from loaders.prints import NOTHING
from loaders.services import changes, seen
from loaders.services.outcomes import Outcome, Outcomes, concluded
from loaders.services.seen import Before, Unrest
from loaders.services.verdicts import Engine, Judged, Tally, faulty
from loaders.sights import Sights
from loaders.spelled import SpelledPage
from magma.ahead import read_ahead
from magma.rows import Spelled

#: Anchors as Magma spelled them.
Anchors = Mapping[str, Spelled]

#: What was read, and an instant before it was asked for.
Read = tuple[datetime, Anchors]

#: A stretch that has grown longer is cut.
GROWN = 1500


def stamped(pages: Iterable[Anchors], clock: Clock) -> Iterator[Read]:
    """Pages read ahead, each with an instant before it was asked for: while the one before was worked on."""
    before = last = clock()
    for anchors in read_ahead(pages):
        yield before, anchors
        before, last = last, clock()


def cut(pages: Iterable[Read], firsts: Collection[str]) -> Iterator[Read]:
    """Stretches that begin where they began before, however pages are cut now."""
    known = frozenset(firsts)
    held: Anchors = {}
    asked_at = None
    for at, anchors in pages:
        if not known:
            yield at, anchors
        elif _is_stretch(anchors, known):
            if held:
                yield asked_at or at, held
            held, asked_at = anchors, at
        else:
            held = dict(held)
            for name, anchor in anchors.items():
                if held and (name in known or len(held) >= GROWN):
                    yield asked_at or at, held
                    held, asked_at = {}, None
                asked_at = asked_at or at
                held[name] = anchor
    if held and asked_at:
        yield asked_at, held


def _is_stretch(anchors: Anchors, firsts: frozenset[str]) -> bool:
    """Whether a page begins where a stretch began, and no other begins within it: the usual case."""
    return firsts.intersection(anchors) == {next(iter(anchors))} and len(anchors) < GROWN


@dataclass
class Stretches:
    """The stretches of one model, judged one after another."""

    engine: Engine
    gatherer: Gatherer
    clock: Clock
    unrest: Unrest
    #: Judge everything, whatever was seen.
    afresh: bool = False
    #: Anchors that were seen before and not in their place now.
    gone: set[str] = field(default_factory=set)

    @cached_property
    def loaders(self) -> list[Loader]:
        """Those whose verdicts follow from what is read."""
        return [one for one in self._usable if prints.is_settled_by_reading(one)]

    @cached_property
    def restless(self) -> list[Loader]:
        """Those that judge everything every time."""
        return [one for one in self._usable if not prints.is_settled_by_reading(one)]

    @cached_property
    def counting(self) -> Engine:
        """The engine of those whose conclusions are not kept: it counts what they lack as it judges."""
        return replace(self.engine, counts_gaps=True, met=Met())

    @cached_property
    def _usable(self) -> list[Loader]:
        return self.engine.usable(self.gatherer.model)

    @property
    def names(self) -> list[str]:
        """The names of those in whose verdicts nothing but what is read counts."""
        return [loader.name for loader in self.loaders]

    @cached_property
    def judges(self) -> str:
        """The digest of what judges."""
        shadows = [one.name for one in self.loaders if self.engine.is_shadow(one)]
        return prints.of_judges(self.loaders, shadows, self.engine.shapes, self.gatherer.plan)

    def judge(self, anchors: Anchors, *, asked_at: datetime) -> Tally:
        """Judge what must be of one stretch; the tally is of all of it."""
        odd = unkept(anchors)
        if odd:
            anchors = {name: anchor for name, anchor in anchors.items() if is_kept(name)}
        with collected_after():
            tally = self._judge(anchors, asked_at) if anchors else Tally()
        if odd:
            tally.add(self.engine.not_judged(self.gatherer.model, odd))
        return tally

    def _judge(self, anchors: Anchors, asked_at: datetime) -> Tally:
        page = SpelledPage.of(self.gatherer, anchors, now=asked_at)
        known = seen.before(self.engine.project, self.gatherer.model, page.names[0])
        stretch = Stretch(self, page, known, self._is_relied_on(known, now=page.now))
        with_all = stretch.tally()
        with_all.add(self._unusable(len(page.names)))
        with_all.records, with_all.pages = len(page.names), 1
        self.gone |= stretch.gone
        self.gone -= anchors.keys()
        return with_all

    def _is_relied_on(self, known: Before | None, *, now: datetime) -> bool:
        if known is None or self.afresh or self.unrest.is_too_much:
            return False
        return known.holds(self.judges, now=now)

    def _unusable(self, count: int) -> Tally:
        tally = Tally()
        for loader in self.engine.loaders:
            if loader.model == self.gatherer.model and (fault := self.engine.fault_of(loader)):
                tally.add(faulty(loader, count, fault))
        return tally


@dataclass
class Stretch:
    """One of them."""

    whole: Stretches
    read: SpelledPage
    before: Before | None
    #: Whether what was concluded before still holds for what is as it was.
    is_relied_on: bool
    gone: set[str] = field(default_factory=set)

    @cached_property
    def digest(self) -> bytes:
        """Of all of it."""
        return prints.of_page(self.read)

    @cached_property
    def page(self) -> Page:
        """All of it, decoded."""
        return self.read.page(self.read.names)

    @cached_property
    def stirred(self) -> set[str]:
        """Its anchors of which more is to be asked than whether they read as before."""
        since = self.before.judged_at if self.before else self.read.now
        return self.whole.unrest.among(self.read.names, since=since)

    def tally(self) -> Tally:
        """Compare, judge, write; the counts of the whole stretch."""
        if self.before and self.is_relied_on and self.before.digest == self.digest and not self.stirred:
            tally = self.before.outcomes.tally(self.whole.names, self.read.names)
        else:
            tally = self._compared()
        if self.whole.restless:
            judged = self.whole.counting.judged(self.whole.gatherer, self.page, self.whole.restless)
            judged.tally.written += self._settle(judged)
            tally.add(judged.tally)
            self.page.forget()
        return tally

    def _compared(self) -> Tally:
        marks = prints.of_anchors(self.read)
        known = self._known()
        self.gone = known.keys() - set(self.read.names)
        found = {
            name: known[name][1]
            for name, mark in zip(self.read.names, marks, strict=True)
            if self.is_relied_on and name in known and known[name][0] == mark and name not in self.stirred
        }
        part = self._part([name for name in self.read.names if name not in found])
        judged = self.whole.engine.judged(self.whole.gatherer, part, self.whole.loaders)
        if part.names and len(judged.verdicts) < len(self.whole.loaders):
            return self._failed(judged, found)
        if part.names:
            new = concluded(self.whole.engine, self.whole.loaders, judged)
            found |= zip(part.names, new, strict=True)
        outcomes = Outcomes.of(found[name] for name in self.read.names)
        written = self._settle(judged, outcomes, self._relied_on(part, judged, marks))
        part.forget()
        tally = outcomes.tally(self.whole.names, self.read.names)
        tally.written, tally.judged = written, len(part)
        return tally

    def _part(self, names: Sequence[str]) -> Page:
        return self.page if len(names) == len(self.read.names) else self.read.page(names)

    def _known(self) -> dict[str, tuple[bytes, Outcome]]:
        if self.before is None:
            return {}
        project, model = self.whole.engine.project, self.whole.gatherer.model
        return seen.each_before(project, model, self.read.names[0], self.before.outcomes)

    def _relied_on(self, part: Page, judged: Judged, marks: list[bytes]) -> list[bytes]:
        """The prints, but of anchors whose verdicts may change while what is read stays the same."""
        settled = Sights(part, frozenset(self.whole.gatherer.plan.links)).settled
        unsure = {name for name, sure in zip(part.names, settled, strict=True) if not sure}
        unsure |= judged.ripens.keys()
        pairs = zip(self.read.names, marks, strict=True)
        return [NOTHING if name in unsure else mark for name, mark in pairs] if unsure else marks

    def _failed(self, judged: Judged, found: Mapping[str, Outcome]) -> Tally:
        """A loader failed: what the others said is written, and nothing of it remembered."""
        judged.tally.written += self._settle(judged)
        judged.tally.judged = len(self.read.names) - len(found)
        for loader in self.whole.loaders:
            judged.tally.add(self._lacking(loader, judged))
        judged.tally.add(Outcomes.of(found.values()).tally(self.whole.names, list(found)))
        return judged.tally

    def _lacking(self, loader: Loader, judged: Judged) -> Tally:
        if loader.name not in judged.verdicts or self.whole.engine.is_shadow(loader):
            return Tally()
        verdicts = judged.verdicts[loader.name]
        return Tally(gaps=gaps.counted(loader, Sights.of(verdicts.page, loader.links), verdicts))

    def _settle(
        self, judged: Judged, outcomes: Outcomes | None = None, relied_on: Sequence[bytes] = ()
    ) -> int:
        """Write what follows, and what was seen if that is given; how many rows for suggestions."""
        engine, model, now = self.whole.engine, self.whole.gatherer.model, self.read.now
        with transaction.atomic():
            written = engine.settle(model, judged, now=now, by_sweep=outcomes is not None)
            if outcomes is not None:
                self._keep(outcomes, relied_on)
        engine.tell_of_outputs(judged, now=now)
        changes.reopen(engine.project, self.read.spelled, since=now, now=self.whole.clock())
        return written

    def _keep(self, outcomes: Outcomes, relied_on: Sequence[bytes]) -> None:
        project, model = self.whole.engine.project, self.whole.gatherer.model
        seen.keep(
            project,
            model,
            digest=b"" if NOTHING in relied_on else self.digest,
            judge=self.whole.judges,
            names=self.read.names,
            prints=relied_on,
            outcomes=outcomes,
            judged_at=self.before.judged_at if self.before and self.is_relied_on else self.read.now,
        )
        seen.unsettle(project, model, self.gone)
        self.whole.unrest.end(self.read.names)
