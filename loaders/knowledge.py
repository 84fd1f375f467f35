"""How complete our own view is: what was read when, how far, and what the journal never told."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from loaders.models import Gap, ScanCursor, ScanRun
from loaders.probes import late_after, late_full_scans
from loaders.states import ScanKind, Verdict
from polyphemus_site.janus.people import Person


@dataclass(frozen=True)
class Knowledge:
    """One project's scans, as a page and the API tell of them."""

    cursors: list[ScanCursor]
    full: list[ScanRun]
    running: list[ScanRun]
    failing: list[ScanRun]
    found: int
    missed: int
    late: list[str]


def of(project: str, *, now: datetime) -> Knowledge:
    """What is known of a project, and how well."""
    cursors = list(ScanCursor.objects.filter(project=project).order_by("model", "disconnected"))
    runs = ScanRun.objects.filter(project=project)
    full = list(runs.complete())
    return Knowledge(
        cursors=cursors,
        full=full,
        running=list(runs.filter(ended_at=None, kind=ScanKind.FULL)),
        failing=runs.failing(),
        found=sum(cursor.found for cursor in cursors),
        missed=sum(cursor.missed for cursor in cursors),
        late=late_of(cursors, full, now=now),
    )


def late_of(cursors: list[ScanCursor], full: list[ScanRun], *, now: datetime) -> list[str]:
    """What should have been read again by now, in words; `full` are the last complete full scans."""
    late = [
        _("changes of %(model)s") % {"model": c.model}
        for c in cursors
        if now - c.read_at > late_after() and not c.disconnected
    ]
    return late + [
        _("full scan of %(model)s") % {"model": run.model} for run in late_full_scans(full, now=now)
    ]


def rate_of(run: ScanRun, *, now: datetime) -> float:
    """Records a second."""
    seconds = ((run.ended_at or now) - run.started_at).total_seconds()
    return run.records / seconds if seconds > 0 else 0.0


def verdicts_of(run: ScanRun) -> dict[Verdict, int]:
    """How many verdicts of each kind its loaders have come to so far."""
    counts: Counter[str] = Counter()
    for verdicts in run.verdicts.values():
        counts.update(verdicts)
    return {verdict: counts[verdict] for verdict in Verdict if counts[verdict]}


def concluded(run: ScanRun) -> str:
    """The same in words."""
    return ", ".join(f"{_(verdict.label)}: {count:,}" for verdict, count in verdicts_of(run).items())


def left_of(run: ScanRun, *, now: datetime) -> float | None:
    """Seconds a running scan still needs at its present rate; None while that can't be told."""
    rate = rate_of(run, now=now)
    if run.ended_at or not run.expected or not rate:
        return None
    return max(0.0, (run.expected - run.records) / rate)


def gaps_for(person: Person, project: str) -> list[Gap]:
    """What is waited for in a project, the most wanted first, as far as the person may know."""
    cleared = person.can_see_restricted(project)
    rows = Gap.objects.filter(project=project).order_by("-count", "pk")
    return [gap for gap in rows if cleared or (gap.count and not gap.restricted_loader)]
