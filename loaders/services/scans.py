"""Three ways in, one engine: the records the journal names, those that changed lately, and all there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from loaders.checks.times import instant
from loaders.clocks import Clock
from loaders.garbage import collected_after, collected_between
from loaders.models import Change, ScanCursor, ScanRun, Suggestion
from loaders.services import changes, rights, seen, suggestions, waiting
from loaders.services.changes import Pending
from loaders.services.locks import held
from loaders.services.narrowing import Narrowed
from loaders.services.runs import Account, Watch, failures_of, recorded
from loaders.services.seen import Unrest
from loaders.services.stretches import Stretches, cut, stamped
from loaders.services.verdicts import Engine, Tally
from loaders.states import ScanKind
from loaders.touched import Backwards, paths_of
from magma.ahead import read_ahead
from magma.client import Magma
from magma.pages import Page as MagmaPage
from magma.rows import as_spelled

#: Rows become visible only when their transaction commits: read again what was stamped so shortly before.
OVERLAP = timedelta(minutes=5)
#: How far back the very first scan looks for where Magma's clock stands; all else the full scan reads.
FIRST_LOOK = timedelta(days=1)
PAGE_SIZE = 1000
#: So many changes are looked at together: an anchor that several of them lead to is judged once.
WINDOW = 10 * PAGE_SIZE


def models_read(engine: Engine) -> list[str]:
    """Every model any loader reads: a change there can change a verdict, or who may know of it."""
    reached = {
        engine.shapes.end_of(loader.model, path)
        for loader in engine.loaders
        if not engine.fault_of(loader)
        for path in ((), *paths_of(engine.shapes, loader))
    }
    return sorted(reached)


# --- what the journal named, and what scans found ----------------------------------------------------------


def judge_pending(
    magma: Magma,
    project: str,
    *,
    clock: Clock,
    engine: Engine | None = None,
    watch: Watch | None = None,
) -> Tally:
    """Judge the anchors of every pending change of a project; `engine`, when the templates were just read.

    One at a time a project: who finds another at it leaves; whoever is at it looks once more before ending.
    """
    tally = Tally()
    while Change.objects.pending(project, now=clock()).exists():
        with held("judge", project) as mine:
            if not mine:
                break
            tally.add(_drained(magma, project, clock=clock, engine=engine, watch=watch))
    return tally


def _drained(
    magma: Magma, project: str, *, clock: Clock, engine: Engine | None, watch: Watch | None
) -> Tally:
    journal = recorded(ScanKind.JOURNAL, project, "", clock=clock, watch=watch)
    with journal as account, collected_after():
        engine = engine or Engine.of(magma, project)
        while rows := changes.pending(project, WINDOW, now=clock()):
            looked_at = clock()
            for tally in collected_between(engine.judge_each(_pages(_anchors(engine, rows)), clock=clock)):
                account.add(tally)
            changes.done(rows, looked_at=looked_at)
    return account.tally


def _anchors(engine: Engine, rows: Iterable[Pending]) -> dict[str, set[str]]:
    """Anchor model -> the anchors that read any changed record, or have a suggestion drawn from one."""
    touched: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        touched[row.model].add(row.record)
    found: dict[str, set[str]] = defaultdict(set)
    backwards = Backwards(engine.magma, engine.project, engine.shapes)
    for loader in engine.loaders:
        if engine.fault_of(loader):
            continue
        for model, names in touched.items():
            found[loader.model] |= backwards.anchors_of(loader, model, names)
        found[loader.model] |= touched.get(loader.model, set())
    shared = _models_shared(engine)
    records = [f"{model}/{name}" for model, names in touched.items() if model in shared for name in names]
    resting = Suggestion.objects.resting_on(engine.project, records) if records else Suggestion.objects.none()
    for model, members in resting.values_list("model", "members"):
        found[model] |= members.keys()
    return {model: names for model, names in found.items() if names}


def _models_shared(engine: Engine) -> set[str]:
    """The models whose records may stand behind suggestions about other records than themselves."""
    usable = [loader for loader in engine.loaders if not engine.fault_of(loader)]
    linked = {engine.shapes.end_of(loader.model, path) for loader in usable for path in loader.links}
    return linked | {loader.model for loader in engine.loaders if loader.batch_by or loader not in usable}


def _pages(anchors: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, Sequence[str]]]:
    """A model's anchors a page at a time, model by model."""
    for model, names in anchors.items():
        for page in pages_of(sorted(names)):
            yield model, page


def pages_of(names: Sequence[str]) -> Iterable[Sequence[str]]:
    """Names a page at a time."""
    return (names[start : start + PAGE_SIZE] for start in range(0, len(names), PAGE_SIZE))


# --- what changed lately -----------------------------------------------------------------------------------


def scan_changes(
    magma: Magma, project: str, *, clock: Clock, model: str = "", watch: Watch | None = None
) -> Tally:
    """Find what changed since the cursors of every model that is read, and judge it.

    A model without a cursor is new to us: its anchors are scanned in full, which sets the cursors. A failure
    is written down and raised; the cursor stays, so the next scan starts where this one did.
    """
    with failures_of(ScanKind.CHANGES, project, clock=clock):
        engine = Engine.of(magma, project)
    wanted = [model] if model else models_read(engine)
    if not model:
        _let_go(engine, wanted)
    known = set(ScanCursor.objects.filter(project=project).values_list("model", flat=True))
    for one in wanted:
        for disconnected in (False, True):
            _scan_side(engine, one, clock=clock, disconnected=disconnected)
    tally = scan_all(magma, project, clock=clock, watch=watch) if set(wanted) - known else Tally()
    tally.add(judge_pending(magma, project, clock=clock, engine=engine, watch=watch))
    return tally


def _let_go(engine: Engine, wanted: Sequence[str]) -> None:
    """Forget how far models were read that nobody reads now; what a failing loader reads can't be told."""
    if not any(map(engine.fault_of, engine.loaders)):
        ScanCursor.objects.filter(project=engine.project).exclude(model__in=wanted).delete()


def _scan_side(engine: Engine, model: str, *, clock: Clock, disconnected: bool) -> None:
    is_root = not engine.shapes[model].parent
    if disconnected and is_root:
        return  # the root can't be disconnected, and Magma breaks when asked
    with held("changes", engine.project, model, str(disconnected)) as mine:
        if mine:
            _read_changes(engine, model, clock=clock, disconnected=disconnected)


def _read_changes(engine: Engine, model: str, *, clock: Clock, disconnected: bool) -> None:
    cursor = ScanCursor.objects.filter(project=engine.project, model=model, disconnected=disconnected).first()
    since = cursor.since - OVERLAP if cursor else clock() - FIRST_LOOK
    newest = cursor.since if cursor else since
    with recorded(ScanKind.CHANGES, engine.project, model, clock=clock) as account:
        read = engine.magma.changed_since(
            engine.project, model, since, ["updated_at"], show_disconnected=disconnected
        )
        found = missed = 0
        for page in read_ahead(read):
            stamps = _stamps(page)
            newest = max([newest, *stamps.values()])
            told = changes.find(
                engine.project,
                model,
                stamps,
                disconnected=disconnected,
                counted=cursor is not None,
                now=clock(),
            )
            if cursor is not None:
                found, missed = found + told.changes, missed + told.missed
            account.add(Tally(records=len(stamps), pages=1))
        values = {"project": engine.project, "model": model, "disconnected": disconnected}
        _move_cursor(values | {"since": newest, "now": clock(), "found": found, "missed": missed})


def _stamps(page: MagmaPage) -> dict[str, datetime]:
    stamps = {name: instant(document.get("updated_at")) for name, document in page.documents.items()}
    return {name: stamp for name, stamp in stamps.items() if stamp is not None}


#: Never back, whoever read faster.
MOVE = """
INSERT INTO loaders_scancursor AS c (project, model, disconnected, since, read_at, found, missed)
VALUES (%(project)s, %(model)s, %(disconnected)s, %(since)s, %(now)s, %(found)s, %(missed)s)
ON CONFLICT (project, model, disconnected) DO UPDATE SET since = greatest(c.since, excluded.since),
    read_at = excluded.read_at, found = c.found + excluded.found, missed = c.missed + excluded.missed
"""


def _move_cursor(values: Mapping[str, Any]) -> None:
    """Set a cursor on, and count what was found."""
    with connection.cursor() as cursor:
        cursor.execute(MOVE, values)


# --- all there are -----------------------------------------------------------------------------------------


def scan_all(
    magma: Magma,
    project: str,
    *,
    clock: Clock,
    model: str = "",
    afresh: bool = False,
    without_restricted: bool = False,
    watch: Watch | None = None,
) -> Tally:
    """Look at every anchor of every model that has loaders, or of one model, and judge what must be.

    `afresh`: judge all of it, also what is as the last full scan saw it. `without_restricted`: that our token
    no longer shows restricted data is as it should be. `watch` is told of each page.
    """
    if without_restricted:
        rights.do_without(project)
    with failures_of(ScanKind.FULL, project, clock=clock):
        engine = Engine.of(magma, project)
    tally = Tally()
    for one in [model] if model else engine.models:
        tally.add(scan_model(engine, one, clock=clock, afresh=afresh, watch=watch))
    names = [loader.name for loader in engine.loaders]
    tally.written += suggestions.close_orphaned(project, names, now=clock())
    return tally


def scan_model(
    engine: Engine, model: str, *, clock: Clock, afresh: bool = False, watch: Watch | None = None
) -> Tally:
    """Look at every anchor of a model; nothing when another full scan of it is running."""
    shared = ScanRun.objects.filter(project=engine.project, model=model, is_sharded=True, ended_at=None)
    with held("full", engine.project, model) as mine:
        if not mine or shared.exists():
            return Tally()
        full = recorded(ScanKind.FULL, engine.project, model, clock=clock, watch=watch)
        with full as account, collected_after():
            _walk(engine, model, account, clock=clock, afresh=afresh)
            waiting.keep(engine.project, model, account.tally.gaps, now=clock())
        return account.tally


def _walk(engine: Engine, model: str, account: Account, *, clock: Clock, afresh: bool) -> None:
    gatherer = engine.gatherer(model)
    if gatherer is None:
        account.add(engine.judge_names(model, (), now=clock()))
        return
    unrest = Unrest.of(engine.project, model, now=clock())
    firsts = seen.firsts(engine.project, model)
    unmet = set(firsts)
    marked = set(unrest.marks)
    stretches = Stretches(engine, gatherer, clock, unrest, afresh)
    narrowed = Narrowed.of(engine, gatherer)
    if narrowed:
        marked |= narrowed.standing()
        account.add(narrowed.passed_over())
    walk = narrowed or engine.magma.walk(
        engine.project, model, gatherer.attributes, page_size=PAGE_SIZE, rows=gatherer.rows[model].spelled
    )
    pages = stamped((as_spelled(page.documents) for page in walk if page.documents), clock)
    for asked_at, anchors in collected_between(cut(pages, firsts)):
        account.expect(walk.total)
        account.add(stretches.judge(anchors, asked_at=asked_at))
        unmet.discard(next(iter(anchors)))
        marked.difference_update(anchors)  # a mark that is left on one of these stays: its loader failed
    left = stretches.gone | seen.anchors(engine.project, model, unmet) | marked
    for names in pages_of(sorted(left)):
        again = engine.judge_names(model, names, now=clock())  # those that are there have been counted
        account.add(Tally(written=again.written, faults=again.faults))
        unrest.end(marked.intersection(names))
    seen.forget(engine.project, model, unmet)
