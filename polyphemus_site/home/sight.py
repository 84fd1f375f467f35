"""How complete the view of a project is: what was read of Magma, when, and what failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Min

from loaders.models import ScanCursor, ScanRun
from loaders.states import ScanKind


@dataclass(frozen=True, slots=True)
class Sight:
    """`read_at`: all changes up to then are known. `judged` of `expected` records in the last full scans."""

    read_at: datetime | None
    full_at: datetime | None
    judged: int
    expected: int
    faults: tuple[str, ...]

    @property
    def percent(self) -> int | None:
        """The share that was judged, never rounded up to all."""
        if not self.expected:
            return None
        return min(100, self.judged * 100 // self.expected)


def sight_of(project: str) -> Sight:
    """From the scans' own records."""
    read_at = ScanCursor.objects.filter(project=project).aggregate(at=Min("read_at"))["at"]
    runs = list(ScanRun.objects.filter(project=project).latest_each())
    full = [run for run in runs if run.kind == ScanKind.FULL and run.ended_at is not None]
    return Sight(
        read_at=read_at,
        full_at=min((run.started_at for run in full), default=None),
        judged=sum(run.records for run in full),
        expected=sum(run.expected if run.expected is not None else run.records for run in full),
        faults=tuple(_faults(runs)),
    )


def _faults(runs: list[ScanRun]) -> list[str]:
    broken = [f"{run}: {run.error}" for run in runs if run.error]
    loaders = {f"{loader}: {fault}" for run in runs for loader, fault in run.faults.items()}
    return broken + sorted(loaders)
