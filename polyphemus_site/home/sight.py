"""How complete the view of a project is: what was read of Magma, when, and what failed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from loaders import knowledge
from loaders.errors import unquoting
from loaders.models import ScanCursor, ScanRun
from loaders.states import ScanKind
from polyphemus_site.janus.people import Person


@dataclass(frozen=True, slots=True)
class Sight:
    """`read_at`: all changes up to then are known. `judged` of `expected` records in the last full scans."""

    read_at: datetime | None
    full_at: datetime | None
    judged: int
    expected: int
    #: What should have been read again by now.
    late: tuple[str, ...]
    faults: tuple[str, ...]

    @property
    def percent(self) -> int | None:
        """The share that was judged, never rounded up to all."""
        if not self.expected:
            return None
        return min(100, self.judged * 100 // self.expected)


def sight_of(person: Person, project: str, *, now: datetime) -> Sight:
    """From the scans' own records; what errors quote is for those who may see restricted data."""
    cursors = list(ScanCursor.objects.filter(project=project).order_by("model", "disconnected"))
    told = list(ScanRun.objects.filter(project=project).latest_each_way())
    complete = [run for run in told if run.kind == ScanKind.FULL and run.ended_at and not run.error]
    runs = list(_last_of_each(told))
    full = [run for run in runs if run.kind == ScanKind.FULL and run.ended_at is not None]
    return Sight(
        read_at=min((cursor.read_at for cursor in cursors), default=None),
        full_at=min((run.started_at for run in full), default=None),
        judged=sum(run.records for run in full),
        expected=sum(run.expected if run.expected is not None else run.records for run in full),
        late=tuple(knowledge.late_of(cursors, complete, now=now)),
        faults=tuple(_faults(runs, person.can_see_restricted(project))),
    )


def _last_of_each(runs: list[ScanRun]) -> Iterable[ScanRun]:
    in_order = sorted(runs, key=lambda run: run.started_at)
    return {(run.model, run.kind): run for run in in_order}.values()


def _faults(runs: list[ScanRun], cleared: bool) -> list[str]:  # noqa: FBT001 — one word, inside this module
    said = (lambda cause: cause) if cleared else unquoting
    broken = [f"{run}: {said(run.error)}" for run in runs if run.error]
    loaders = {f"{loader}: {said(fault)}" for run in runs for loader, fault in run.faults.items()}
    return broken + sorted(loaders)
