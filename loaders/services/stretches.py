"""A full scan at work: stretch by stretch it compares what it reads with what was seen, and judges the rest.

What is as it was needs no judging: a verdict follows from what was read for the anchor, from the loaders and
templates, from the suggestions that stand and from requests. Each of these is looked at, and whatever can't
be vouched for is judged (docs/explanations/loaders.md).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from django.db import transaction

from loaders import prints
from loaders.clocks import Clock
from loaders.gathering import Gatherer
from loaders.loader import Loader
from loaders.pages import Document, Page, Store
from loaders.prints import NOTHING
from loaders.services import changes, seen
from loaders.services.outcomes import Outcome, Outcomes, concluded
from loaders.services.seen import Before, Unrest
from loaders.services.verdicts import Engine, Judged, Tally, faulty
from loaders.sights import Sights
from magma.ahead import read_ahead
from magma.rows import plain

Documents = Mapping[str, Document]

#: What was read, and an instant before it was asked for.
Read = tuple[datetime, Documents]

#: A stretch that has grown longer is cut.
GROWN = 1500


def stamped(pages: Iterable[Documents], clock: Clock) -> Iterator[Read]:
    """Pages read ahead, each with an instant before it was asked for: while the one before was worked on."""
    before = last = clock()
    for documents in read_ahead(pages):
        yield before, documents
        before, last = last, clock()


def cut(pages: Iterable[Read], firsts: Collection[str]) -> Iterator[Read]:
    """Stretches that begin where they began before, however pages are cut now."""
    held: dict[str, Document] = {}
    asked_at = None
    for at, documents in pages:
        if not firsts:
            yield at, documents
            continue
        for name, document in documents.items():
            if held and (name in firsts or len(held) >= GROWN):
                yield asked_at or at, held
                held, asked_at = {}, None
            asked_at = asked_at or at
            held[name] = document
    if held and asked_at:
        yield asked_at, held


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

    def judge(self, documents: Documents, *, asked_at: datetime) -> Tally:
        """Judge what must be of one stretch; the tally is of all of it."""
        page = self.gatherer.extended(documents, now=asked_at, in_rows=True)
        known = seen.before(self.engine.project, page.model, page.names[0])
        stretch = Stretch(self, page, known, self._is_relied_on(known, now=page.now))
        with_all = stretch.tally()
        with_all.add(self._unusable(len(page)))
        with_all.records, with_all.pages = len(page), 1
        self.gone |= stretch.gone
        self.gone -= documents.keys()
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
    #: In rows, to be compared.
    page: Page
    before: Before | None
    #: Whether what was concluded before still holds for what is as it was.
    is_relied_on: bool
    gone: set[str] = field(default_factory=set)

    @cached_property
    def digest(self) -> bytes:
        """Of all of it."""
        return prints.of_page(self.page)

    @cached_property
    def stirred(self) -> set[str]:
        """Its anchors of which more is to be asked than whether they read as before."""
        since = self.before.judged_at if self.before else self.page.now
        return self.whole.unrest.among(self.page.names, since=since)

    def readable(self, names: Sequence[str]) -> Page:
        """Some of its anchors as checks expect them, with all that they lead to."""
        store, model = self.page.store, self.page.model
        documents = {kind: found for kind, found in store.documents.items() if kind != model}
        own = store.documents[model]
        documents[model] = own if self._leads_back else {name: own[name] for name in names}
        readable = {kind: plain(found) for kind, found in documents.items()}
        return Page(model, tuple(names), Store(store.shapes, readable, store.now))

    @property
    def _leads_back(self) -> bool:
        shapes, model = self.page.store.shapes, self.page.model
        return any(shapes.end_of(model, path) == model for path in self.whole.gatherer.plan.links)

    def tally(self) -> Tally:
        """Compare, judge, write; the counts of the whole stretch."""
        if self.before and self.is_relied_on and self.before.digest == self.digest and not self.stirred:
            tally = self.before.outcomes.tally(self.whole.names, self.page.names)
        else:
            tally = self._compared()
        if self.whole.restless:
            judged = self._judged(self.readable(self.page.names), self.whole.restless)
            judged.tally.written += self._settle(judged)
            tally.add(judged.tally)
        return tally

    def _compared(self) -> Tally:
        marks = prints.of_anchors(self.page, self.whole.gatherer.plan.links)
        known = self._known()
        self.gone = known.keys() - set(self.page.names)
        found = {
            name: known[name][1]
            for name, mark in zip(self.page.names, marks, strict=True)
            if self.is_relied_on and name in known and known[name][0] == mark and name not in self.stirred
        }
        part = self.readable([name for name in self.page.names if name not in found])
        judged = self._judged(part, self.whole.loaders)
        if part.names and len(judged.verdicts) < len(self.whole.loaders):
            return self._failed(judged, found)
        if part.names:
            new = concluded(self.whole.engine, self.whole.loaders, part, judged)
            found |= zip(part.names, new, strict=True)
        outcomes = Outcomes.of(found[name] for name in self.page.names)
        written = self._settle(judged, outcomes, self._relied_on(part, judged, marks))
        tally = outcomes.tally(self.whole.names, self.page.names)
        tally.written, tally.judged = written, len(part)
        return tally

    def _known(self) -> dict[str, tuple[bytes, Outcome]]:
        if self.before is None:
            return {}
        project, model = self.whole.engine.project, self.page.model
        return seen.each_before(project, model, self.page.names[0], self.before.outcomes)

    def _judged(self, page: Page, loaders: list[Loader]) -> Judged:
        return self.whole.engine.judged(self.whole.gatherer, page, loaders)

    def _relied_on(self, part: Page, judged: Judged, marks: list[bytes]) -> list[bytes]:
        """The prints, but of anchors whose verdicts may change while what is read stays the same."""
        settled = Sights(part, frozenset(self.whole.gatherer.plan.links)).settled
        unsure = {name for name, sure in zip(part.names, settled, strict=True) if not sure}
        unsure |= judged.ripens.keys()
        pairs = zip(self.page.names, marks, strict=True)
        return [NOTHING if name in unsure else mark for name, mark in pairs] if unsure else marks

    def _failed(self, judged: Judged, found: Mapping[str, Outcome]) -> Tally:
        """A loader failed: what the others said is written, and nothing of it remembered."""
        judged.tally.written += self._settle(judged)
        judged.tally.judged = len(self.page) - len(found)
        judged.tally.add(Outcomes.of(found.values()).tally(self.whole.names, list(found)))
        return judged.tally

    def _settle(
        self, judged: Judged, outcomes: Outcomes | None = None, relied_on: Sequence[bytes] = ()
    ) -> int:
        """Write what follows, and what was seen if that is given; how many rows for suggestions."""
        engine, model, now = self.whole.engine, self.page.model, self.page.now
        with transaction.atomic():
            written = engine.settle(model, judged, now=now, by_sweep=outcomes is not None)
            if outcomes is not None:
                self._keep(outcomes, relied_on)
        engine.tell_of_outputs(judged, now=now)
        read = {(kind, name) for kind, names in self.page.store.documents.items() for name in names}
        changes.reopen(engine.project, read, since=now, now=self.whole.clock())
        return written

    def _keep(self, outcomes: Outcomes, relied_on: Sequence[bytes]) -> None:
        project, model = self.whole.engine.project, self.page.model
        seen.keep(
            project,
            model,
            digest=b"" if NOTHING in relied_on else self.digest,
            judge=self.whole.judges,
            names=self.page.names,
            prints=relied_on,
            outcomes=outcomes,
            judged_at=self.before.judged_at if self.before and self.is_relied_on else self.page.now,
        )
        seen.unsettle(project, model, self.gone)
        self.whole.unrest.end(self.page.names)
