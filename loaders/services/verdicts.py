"""The one engine: judge anchors of a model by every loader of it, and let their suggestions follow."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, partial
from typing import TypeAlias

from django.db import Error as DatabaseError
from django.db import transaction

from loaders import gaps, registry, seam
from loaders.batches import Met, Shared, whole_batches
from loaders.drafts import Draft, Known
from loaders.errors import told
from loaders.gaps import Count, Gaps
from loaders.garbage import collected_after
from loaders.gathering import Gatherer, applies, ensure_readable, ensure_seen, fitted, shapes_of
from loaders.judging import Past, Rivals, Verdicts, rivals_of, with_rivals
from loaders.kinds import Kinds
from loaders.limits import time_limit
from loaders.loader import Loader
from loaders.names import fault_of, is_kept, unkept
from loaders.pages import Page, Store
from loaders.proposing import Bench
from loaders.services import changes, rights, suggestions
from loaders.services.rows import Lines, Slate
from loaders.shapes import Shapes
from loaders.sources.reader import reader_of
from loaders.states import Verdict
from magma.ahead import done_ahead
from magma.client import Magma
from magma.errors import MagmaError
from polyphemus_site.projects import decisions
from polyphemus_site.projects.decisions import Decided

logger = logging.getLogger(__name__)

#: Anchors asked for by name, and those that Magma showed; of a model that nobody can judge none are read.
Read: TypeAlias = tuple[Gatherer | None, Sequence[str], Page]

#: How long one loader may take over the verdicts of one page; and again over what follows from them.
SECONDS_A_PAGE = 60


@dataclass
class Tally:
    """What judging came to."""

    records: int = 0
    pages: int = 0
    #: of the records, those that were not as a full scan had seen them, and so were judged
    judged: int = 0
    #: loader -> verdict -> count
    verdicts: dict[str, Counter[str]] = field(default_factory=dict)
    #: loader -> what went wrong with it
    faults: dict[str, str] = field(default_factory=dict)
    #: rows written for suggestions
    written: int = 0
    #: what is waited for; counted by full scans only
    gaps: Gaps = field(default_factory=dict)

    @classmethod
    def of(
        cls, records: int, pages: int, verdicts: Mapping[str, Mapping[str, int]], faults: Mapping[str, str]
    ) -> Tally:
        """From the counts of a run."""
        counted = {loader: Counter(counts) for loader, counts in verdicts.items()}
        return cls(records=records, pages=pages, verdicts=counted, faults=dict(faults))

    def add(self, other: Tally) -> None:
        """Take in another's counts."""
        self.records += other.records
        self.pages += other.pages
        self.judged += other.judged
        self.written += other.written
        self.faults |= other.faults
        for loader, counts in other.verdicts.items():
            self.verdicts.setdefault(loader, Counter()).update(counts)
        for what, count in other.gaps.items():
            self.gaps.setdefault(what, Count()).add(count)

    def plain(self) -> dict[str, dict[str, int]]:
        """The counts as JSON."""
        return {loader: dict(sorted(counts.items())) for loader, counts in sorted(self.verdicts.items())}


@dataclass
class Judged:
    """What loaders said of a page, before anything of it is written."""

    kinds: Kinds
    tally: Tally = field(default_factory=Tally)
    #: loader -> its verdicts, of those that didn't fail.
    verdicts: dict[str, Verdicts] = field(default_factory=dict)
    drafts: dict[str, Draft] = field(default_factory=dict)
    lines: list[Lines] = field(default_factory=list)

    @property
    def ripens(self) -> dict[str, datetime]:
        """Anchor -> when time alone may first change a verdict."""
        earliest: dict[str, datetime] = {}
        for draft in self.drafts.values():
            for name, at in draft.ripens.items():
                earliest[name] = min(at, earliest.get(name, at))
        return earliest


@dataclass(frozen=True)
class Memory:
    """What is remembered of a page's anchors, for all loaders in two questions."""

    pasts: Mapping[str, Past]
    suggested: Mapping[str, Mapping[str, Known]]

    @classmethod
    def of(
        cls, project: str, model: str, names: Sequence[str], loaders: Collection[Loader], rivals: Rivals
    ) -> Memory:
        """Ask for it."""
        asked = [loader.name for loader in loaders if not loader.batch_by]
        if not asked:
            return cls({}, {})
        whose = {who for loader in loaders if not loader.batch_by for who in rivals[loader.identity]}
        found = seam.pasts(project, model, names, sorted(whose))
        pasts = {one.identity: with_rivals(one.identity, found, rivals) for one in loaders}
        return cls(pasts, suggestions.known(project, model, names, asked))

    def past(self, loader: str) -> Past:
        """What requests say of one loader's anchors."""
        return self.pasts.get(loader, Past())

    def known(self, loader: str) -> Mapping[str, Known]:
        """The latest suggestions of one loader."""
        return self.suggested.get(loader, {})


@dataclass(frozen=True)
class Engine:
    """Judges one project, as its templates are now."""

    magma: Magma
    project: str
    shapes: Shapes
    loaders: Sequence[Loader]
    #: Whether to count what is waited for, besides.
    counts_gaps: bool = False
    #: What the project's admins have decided: which loaders judge, and which of them tell nobody.
    decided: Decided = field(default_factory=Decided)
    #: Whether restricted data was shown to us when this began.
    sees_restricted: bool = False
    #: The batches judged so far, where one scan judges many pages: each is judged once in it.
    met: Met | None = None

    @classmethod
    def of(
        cls,
        magma: Magma,
        project: str,
        loaders: Iterable[Loader] | None = None,
    ) -> Engine:
        """An engine with the project's present templates and the loaders that apply there.

        MagmaRightsLost where restricted data was shown before and isn't now.
        """
        shown = rights.ensure_kept(magma, project)
        known = list(registry.current() if loaders is None else loaders)
        reader = reader_of(magma, project, known)
        shapes = shapes_of(reader.templates(project))
        decided = decisions.of(project)
        wanted = [loader for loader in known if loader.name not in decided.loaders_off]
        judging = [fitted(loader, shapes) for loader in wanted if applies(loader, project, shapes)]
        return cls(reader, project, shapes, judging, decided=decided, sees_restricted=shown)

    def is_shadow(self, loader: Loader) -> bool:
        """Whether what a loader finds here is told to nobody: by its own nature, or by the project's wish."""
        return loader.is_shadow or loader.name in self.decided.loaders_shadow

    @property
    def models(self) -> list[str]:
        """The models whose records are anchors."""
        return sorted({loader.model for loader in self.loaders})

    def usable(self, model: str) -> list[Loader]:
        """The loaders of a model that these templates have everything for."""
        return [loader for loader in self.loaders if loader.model == model and not self.fault_of(loader)]

    def gatherer(self, model: str) -> Gatherer | None:
        """The reader for every usable loader of a model; None when there is none."""
        usable = self.usable(model)
        return Gatherer.for_loaders(self.magma, self.project, self.shapes, usable) if usable else None

    def fault_of(self, loader: Loader) -> str:
        """Why a loader can't be used on these templates; "" when it can."""
        if loader not in self._faults:
            self._faults[loader] = self._fault_of(loader)
        return self._faults[loader]

    @cached_property
    def _faults(self) -> dict[Loader, str]:
        return {}

    def _fault_of(self, loader: Loader) -> str:
        try:
            ensure_readable(loader, self.shapes)
        except Exception as error:  # noqa: BLE001 — a lab's own class may fail in its own way
            return told(error)
        return ""

    @cached_property
    def _rivals(self) -> Rivals:
        return rivals_of(self.loaders)

    def judge_names(self, model: str, names: Sequence[str], *, now: datetime) -> Tally:
        """Judge these anchors; those Magma doesn't show lose their suggestions."""
        return self._judge_read(self._read(model, names, now))

    def judge_each(
        self, pages: Iterable[tuple[str, Sequence[str]]], *, clock: Callable[[], datetime]
    ) -> Iterator[Tally]:
        """The same of many pages of names, each read while the one before is judged."""
        engine = replace(self, met=Met())
        readings = (partial(engine._read, model, names, clock()) for model, names in pages)  # noqa: SLF001 — ours
        yield from map(engine._judge_read, done_ahead(readings))  # noqa: SLF001 — ours

    def _read(self, model: str, names: Sequence[str], now: datetime) -> Read:
        gatherer = self.gatherer(model)
        kept = [name for name in names if is_kept(name)]
        page = gatherer.page(kept, now=now) if gatherer else Page(model, (), Store(self.shapes, {}, now))
        return gatherer, names, page

    def _judge_read(self, read: Read) -> Tally:
        gatherer, names, page = read
        if gatherer is None:
            return self._without_reader(page.model, len(names))
        tally = self.judge_page(gatherer, page, now=page.now)
        tally.add(self.not_judged(page.model, unkept(names)))
        hidden = set(filter(is_kept, names)) - set(page.names)
        tally.written += suggestions.close_hidden(self.project, page.model, hidden, now=page.now)
        return tally

    def not_judged(self, model: str, names: list[str]) -> Tally:
        """The count of records whose names can't be kept: an error each, for every loader."""
        tally = Tally(records=len(names), judged=len(names))
        for loader in self.loaders if names else ():
            if loader.model == model:
                tally.add(faulty(loader, len(names), self.fault_of(loader) or fault_of(names)))
        return tally

    def judge_page(self, gatherer: Gatherer, page: Page, *, now: datetime) -> Tally:
        """Every loader's verdict on a page, and what follows from it."""
        with collected_after():
            tally = self._judge_page(gatherer, page, now=now)
            page.forget()
            return tally

    def _judge_page(self, gatherer: Gatherer, page: Page, *, now: datetime) -> Tally:
        asked = [loader for loader in self.loaders if loader.model == page.model]
        judged = self.judged(gatherer, page, asked)
        with transaction.atomic():
            judged.tally.written += self.settle(page.model, judged, now=now)
        self.tell_of_outputs(judged, now=now)
        judged.tally.records, judged.tally.judged, judged.tally.pages = len(page), len(page), 1
        return judged.tally

    def judged(self, gatherer: Gatherer, page: Page, loaders: Collection[Loader]) -> Judged:
        """What loaders say of a page, one loader's failure costing that loader only; writes nothing.

        MagmaRightsLost where some of the page may have been hidden from us.
        """
        judged = self._judged(gatherer, page, loaders)
        if self.sees_restricted and not self.magma.sees_restricted(self.project):
            raise rights.lost(self.project)  # our token was renewed meanwhile, and is another's
        return judged

    def _judged(self, gatherer: Gatherer, page: Page, loaders: Collection[Loader]) -> Judged:
        kinds = Kinds.of(page, [loader for loader in loaders if not self.fault_of(loader)])
        judged = Judged(kinds)
        if not page.names:
            return judged
        memory = Memory.of(self.project, page.model, page.names, loaders, self._rivals)
        benches: dict[str, tuple[Bench, Verdicts]] = {}
        files: dict[str, set[int]] = {}
        for loader in loaders:
            if fault := self.fault_of(loader):
                judged.tally.add(faulty(loader, len(page), fault))
                continue
            with self._surviving(judged, loader):
                at_work = self._verdicts(gatherer, loader, kinds, memory)
                _foresee(files, page, *at_work)
                benches[loader.name] = at_work
        for path, indexes in files.items():
            gatherer.with_digests(page, sorted(indexes), [path])
        for loader in loaders:
            if loader.name in benches:
                with self._surviving(judged, loader):
                    self._draft(judged, *benches[loader.name])
        return judged

    @contextmanager
    def _surviving(self, judged: Judged, loader: Loader) -> Iterator[None]:
        """What goes wrong costs this loader only; not so where Magma or our database is the cause."""
        page = judged.kinds.page
        try:
            yield
        except (MagmaError, DatabaseError):
            raise
        except Exception as error:
            logger.exception("Loader %s failed on a page of %s %s.", loader.name, self.project, page.model)
            judged.tally.add(faulty(loader, len(page), told(error)))

    def _verdicts(
        self, gatherer: Gatherer, loader: Loader, kinds: Kinds, memory: Memory
    ) -> tuple[Bench, Verdicts]:
        page, shared = kinds.page, self._shared(loader, kinds.page)
        if self.met is not None:
            page, shared = self.met.left_of(loader, page, shared)
        whole = whole_batches(gatherer, loader, page, shared)
        ensure_seen(loader, whole)
        with time_limit(SECONDS_A_PAGE):
            past, known = memory.past(loader.identity), memory.known(loader.name)
            bench = Bench(gatherer, loader, whole, past, known, kinds if whole is kinds.page else None)
            if loader.batch_by:
                bench = self._batched(bench, shared)
            found = bench.verdicts()
        if self.met is not None:
            self.met.note(loader, whole)
        return bench, found

    def _shared(self, loader: Loader, page: Page) -> Shared:
        return suggestions.batches_of(self.project, loader, page.names) if loader.batch_by else {}

    def _draft(self, judged: Judged, bench: Bench, found: Verdicts) -> None:
        loader = bench.loader
        with time_limit(SECONDS_A_PAGE):
            draft = bench.draft(found)
            if self.counts_gaps and not self.is_shadow(loader):
                draft.gaps = gaps.counted(loader, bench.sights, found)
        lines = Lines.of(loader.name, draft, shadow=self.is_shadow(loader))
        judged.verdicts[loader.name], judged.drafts[loader.name] = found, draft
        judged.lines.append(lines)
        judged.tally.add(Tally(verdicts={loader.name: draft.counts}, gaps=draft.gaps))

    def _batched(self, bench: Bench, shared: Collection[str]) -> Bench:
        """A batch reaches beyond the page, and is known under its own name."""
        name, model, page = bench.loader.name, bench.loader.model, bench.page
        whose = bench.loader.identity
        found = seam.pasts(self.project, model, page.names, sorted(self._rivals[whose]))
        past = with_rivals(whose, found, self._rivals)
        known = suggestions.known(self.project, model, [*{*bench.groups, *shared}], [name])
        return replace(bench, past=past, known=known.get(name, {}))

    def settle(self, model: str, judged: Judged, *, now: datetime, by_sweep: bool = False) -> int:
        """Write what judging came to, in the caller's transaction; how many rows for suggestions."""
        written = Slate(self.project, model, now, by_sweep).write(judged.lines)
        changes.ripen(self.project, model, judged.ripens, now=now)
        return written

    def tell_of_outputs(self, judged: Judged, *, now: datetime) -> None:
        """An open request whose output has appeared may be archived: look at it as a whole, then say so."""
        for loader in self.loaders:
            draft = judged.drafts.get(loader.name)
            if draft is None or not draft.made or loader.is_shadow:
                continue
            sights = seam.see_outputs(seam.in_progress(self.project, loader.name, loader.model, draft.made))
            if seen := seam.seen(sights):
                seam.note_output_seen(seen, now=now)

    def _without_reader(self, model: str, count: int) -> Tally:
        tally = Tally(records=count)
        for loader in self.loaders:
            if loader.model == model:
                tally.add(faulty(loader, count, self.fault_of(loader)))
        return tally


def _foresee(files: dict[str, set[int]], page: Page, bench: Bench, found: Verdicts) -> None:
    """Note of which anchors a loader will want the sums of files: each attribute's are asked for at once."""
    with time_limit(SECONDS_A_PAGE):
        if bench.page is page and (unknown := bench.unknown(found.due)):
            for path in filter(bench.gatherer.is_of_files, bench.loader.inputs):
                files.setdefault(path, set()).update(unknown)


def faulty(loader: Loader, count: int, fault: str) -> Tally:
    """A loader that couldn't judge: its verdict is error, its suggestions stay as they are."""
    return Tally(verdicts={loader.name: Counter({Verdict.ERROR.value: count})}, faults={loader.name: fault})
