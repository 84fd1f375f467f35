"""A full scan that many workers share: one lists the records, all judge stretches of the list.

The list is walked so that it can vouch for its completeness; records are then read by name, so none slips
between two pages while others come and go. Whatever is killed is taken up again: a stretch counts once, when
it is done, and judging it twice does no harm.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from django.db import IntegrityError, transaction

from loaders import gaps
from loaders.clocks import Clock
from loaders.errors import told
from loaders.gathering import Gatherer
from loaders.models import ScanRun, Shard
from loaders.services import seen, suggestions, waiting
from loaders.services.locks import held
from loaders.services.narrowing import Narrowed
from loaders.services.runs import failures_of
from loaders.services.scans import PAGE_SIZE, pages_of
from loaders.services.seen import Unrest
from loaders.services.stretches import Stretches, cut, stamped
from loaders.services.verdicts import Engine, Tally
from loaders.signals import shard_written
from loaders.states import ScanKind
from magma.client import Magma
from magma.pages import Page
from magma.rows import Spelled, as_spelled

#: Records a stretch.
STRETCH = 5 * PAGE_SIZE
#: What stands for a record of which only the name is wanted.
NAME_ALONE = Spelled(b"{}")
#: Of a scan in which nothing was finished for so long, some stretch may have been lost with its worker.
QUIET = timedelta(minutes=2)
#: A shared scan that can't be finished in so long is given up.
LONGEST = timedelta(hours=24)


def begin(magma: Magma, project: str, *, clock: Clock) -> list[ScanRun]:
    """List every anchor of a project's models for the workers; models being scanned already are let be."""
    with failures_of(ScanKind.FULL, project, clock=clock):
        engine = Engine.of(magma, project)
    begun = [run for model in engine.models if (run := _begin_model(engine, model, clock=clock))]
    suggestions.close_orphaned(project, [loader.name for loader in engine.loaders], now=clock())
    return begun


def _begin_model(engine: Engine, model: str, *, clock: Clock) -> ScanRun | None:
    with held("full", engine.project, model) as mine:
        run = _opened(engine, model, now=clock()) if mine else None
        if run is None:
            return None
        try:
            _list(engine, run, clock=clock)
        except Exception as error:
            fail(run, error, now=clock())
            raise
        return run


def _opened(engine: Engine, model: str, *, now: datetime) -> ScanRun | None:
    """A new scan; None when one is shared already. Whoever has the lock knows that nobody lists any more."""
    shared = ScanRun.objects.filter(project=engine.project, model=model, is_sharded=True, ended_at=None)
    for lost in shared.filter(listed_at=None):
        fail(lost, RuntimeError("The worker that listed the records was lost."), now=now)
    try:
        with transaction.atomic():
            return ScanRun.objects.create(
                kind=ScanKind.FULL,
                project=engine.project,
                model=model,
                started_at=now,
                is_sharded=True,
                expected=0,
            )
    except IntegrityError:
        return None


def _list(engine: Engine, run: ScanRun, *, clock: Clock) -> None:
    unrest = Unrest.of(run.project, run.model, now=clock())
    left = set(unrest.marks)
    firsts = seen.firsts(run.project, run.model)
    unmet = set(firsts)
    walk = engine.magma.walk(run.project, run.model, [engine.shapes[run.model].identifier], page_size=STRETCH)
    gatherer = engine.gatherer(run.model)
    if gatherer and (narrowed := Narrowed.of(engine, gatherer)):
        walk = narrowed.names(STRETCH)
        left |= narrowed.standing()
        _pass_over(run, narrowed.passed_over())
    for number, names in enumerate(gathered(walk, firsts), start=1):
        left.difference_update(names)
        unmet.difference_update(names)
        _write(run, number, names)
    left |= seen.anchors(run.project, run.model, unmet)
    for some in pages_of(sorted(left)):
        engine.judge_names(run.model, some, now=clock())
        unrest.end(some)
    seen.forget(run.project, run.model, unmet)
    ScanRun.objects.filter(pk=run.pk).update(listed_at=clock())
    finish(run.pk, now=clock())


def gathered(walk: Iterable[Page], firsts: Collection[str]) -> Iterator[list[str]]:
    """Names enough for a worker at a time, no stretch seen before divided."""
    names: list[str] = []
    for page in walk:
        for name in filter(_is_text, page.documents):
            is_beginning = name in firsts or not firsts
            if names and is_beginning and len(names) >= STRETCH:
                yield names
                names = []
            names.append(name)
    if names:
        yield names


def _is_text(name: str) -> bool:
    """PostgreSQL, Magma's as ours, has no NUL in a text: such a name can't be listed."""
    return "\0" not in name


def _pass_over(run: ScanRun, tally: Tally) -> None:
    """Count what nobody need judge, before anything else is counted."""
    run.expected = run.records = tally.records
    run.verdicts, run.faults = tally.plain(), tally.faults
    run.save(update_fields=["expected", "records", "verdicts", "faults"])


def _write(run: ScanRun, number: int, names: Sequence[str]) -> None:
    with transaction.atomic():
        shard = Shard.objects.create(run=run, number=number, names=list(names))
        run.expected = (run.expected or 0) + len(names)
        ScanRun.objects.filter(pk=run.pk).update(expected=run.expected)
        transaction.on_commit(partial(shard_written.send_robust, sender=Shard, shard_id=shard.pk))


def judge(magma: Magma, shard_id: int, *, clock: Clock) -> Tally:
    """Judge one stretch, if nobody else is at it; a failure is written down and raised."""
    with held("shard", str(shard_id)) as mine:
        shard = Shard.objects.select_related("run").filter(pk=shard_id, done_at=None).first()
        if not mine or shard is None or shard.run.ended_at is not None:
            return Tally()
        try:
            tally = _judged(magma, shard, clock=clock)
        except Exception as error:
            Shard.objects.filter(pk=shard.pk).update(error=told(error))
            raise
        _count(shard, tally, now=clock())
    finish(shard.run_id, now=clock())
    return tally


def _judged(magma: Magma, shard: Shard, *, clock: Clock) -> Tally:
    project, model = shard.run.project, shard.run.model
    engine = Engine.of(magma, project)
    gatherer = engine.gatherer(model)
    if gatherer is None:
        return engine.judge_names(model, shard.names, now=clock())
    unrest = Unrest.of(project, model, now=clock(), among=shard.names)
    stretches = Stretches(engine, gatherer, clock, unrest)
    tally, shown = Tally(), set[str]()
    for asked_at, anchors in stamped(_read(gatherer, shard), clock):
        if anchors:
            tally.add(stretches.judge(anchors, asked_at=asked_at))
            shown |= anchors.keys()
    left = (set(shard.names) | stretches.gone) - shown
    for names in pages_of(sorted(left)):
        again = engine.judge_names(model, names, now=clock())
        tally.add(Tally(written=again.written, faults=again.faults))
        unrest.end(names)
    return tally


def _read(gatherer: Gatherer, shard: Shard) -> Iterator[Mapping[str, Spelled]]:
    """The shard's stretches in rows, each read by name when it is asked for."""
    project, model = gatherer.project, gatherer.model
    firsts = seen.firsts(project, model, among=shard.names)
    whole = dict.fromkeys(shard.names, NAME_ALONE)
    known = [list(names) for _, names in cut([(shard.run.started_at, whole)], firsts)]
    stretches = known if firsts else pages_of(shard.names)
    read = partial(gatherer.magma.records, project, model, attributes=gatherer.attributes)
    return (as_spelled(read(names, rows=gatherer.rows[model].spelled)) for names in stretches)


def _count(shard: Shard, tally: Tally, *, now: datetime) -> None:
    """Add a stretch to its scan, once."""
    with transaction.atomic():
        run = ScanRun.objects.select_for_update().get(pk=shard.run_id)
        open_shard = Shard.objects.filter(pk=shard.pk, done_at=None)
        if not open_shard.update(done_at=now, names=[], gaps=gaps.plain(tally.gaps), error=""):
            return
        total = Tally.of(run.records, run.pages, run.verdicts, run.faults)
        total.add(tally)
        run.pages, run.records = total.pages, run.records + len(shard.names)
        run.judged += tally.judged
        run.verdicts, run.faults = total.plain(), total.faults
        run.save(update_fields=["pages", "records", "judged", "verdicts", "faults"])


def finish(run_id: int, *, now: datetime) -> bool:
    """End a scan that is listed and judged throughout; whether this call ended it."""
    with transaction.atomic():
        run = ScanRun.objects.select_for_update().get(pk=run_id)
        if run.ended_at or not run.listed_at or run.shards.filter(done_at=None).exists():
            return False
        found = gaps.merged(run.shards.values_list("gaps", flat=True))
        waiting.keep(run.project, run.model, found, now=now)
        run.shards.all().delete()
        run.ended_at = now
        run.save(update_fields=["ended_at"])
    return True


def fail(run: ScanRun, error: Exception, *, now: datetime) -> None:
    """End a scan that can't go on, with its cause."""
    code = str(getattr(error, "code", "failed"))
    ScanRun.objects.filter(pk=run.pk, ended_at=None).update(ended_at=now, error=told(error), error_code=code)
    Shard.objects.filter(run=run).delete()


def left_over(*, now: datetime) -> list[int]:
    """The stretches still to be judged, to be taken up again; scans that last too long are given up."""
    for run in ScanRun.objects.filter(is_sharded=True, ended_at=None, started_at__lt=now - LONGEST):
        fail(run, TimeoutError(f"It was not finished within {LONGEST}."), now=now)
    moving = Shard.objects.filter(done_at__gt=now - QUIET).values("run")
    left = Shard.objects.filter(done_at=None, run__ended_at=None, run__started_at__lt=now - QUIET)
    return list(left.exclude(run__in=moving).values_list("pk", flat=True))
