"""How far a scan is, for whoever waits for it: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from loaders import knowledge
from loaders.clocks import Clock
from loaders.models import ScanRun

#: Seconds between two lines where nobody sees a bar move.
EVERY_SECONDS = 10.0


class Rate(ProgressColumn):
    """Records a second."""

    def render(self, task: Task) -> Text:
        """Nothing before it can be told."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


class Bar:
    """A bar for each scan, on a terminal."""

    def __init__(self, console: Console) -> None:
        """On this terminal."""
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[pages]}, {task.fields[judged]} judged"),
            TextColumn("{task.fields[verdicts]}"),
            Rate(),
            TimeRemainingColumn(),
            console=console,
        )
        self._tasks: dict[int, TaskID] = {}

    def __call__(self, run: ScanRun) -> None:
        """Move its bar."""
        if run.pk not in self._tasks:
            self._tasks[run.pk] = self._progress.add_task(
                str(run), total=None, pages="", judged=0, verdicts=""
            )
        self._progress.update(
            self._tasks[run.pk],
            completed=run.records,
            total=run.records if run.ended_at else run.expected,
            pages=counted(run.pages, "page"),
            judged=run.judged,
            verdicts=concluded(run),
        )

    def __enter__(self) -> Self:
        """Show it."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave it standing as it is."""
        self._progress.stop()


class Lines:
    """A line now and then."""

    def __init__(self, write: Callable[[str], object], clock: Clock) -> None:
        """Through this."""
        self._write, self._clock = write, clock
        self._told_at = time.monotonic()

    def __call__(self, run: ScanRun) -> None:
        """A line, if the last was some time ago."""
        if time.monotonic() - self._told_at >= EVERY_SECONDS:
            self._told_at = time.monotonic()
            self._write(line(run, self._clock))

    def __enter__(self) -> Self:
        """Nothing to begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nor to end."""


def counted(number: int, what: str) -> str:
    """So many of them, in words."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def concluded(run: ScanRun) -> str:
    """Its verdicts, short enough for a terminal."""
    counts = knowledge.verdicts_of(run)
    return ", ".join(f"{count:,} {verdict.value.replace('_', ' ')}" for verdict, count in counts.items())


def line(run: ScanRun, clock: Clock) -> str:
    """How far a scan is, in words."""
    now = clock()
    left = knowledge.left_of(run, now=now)
    of = f" of {run.expected:,}" if run.expected else ""
    rest = "" if left is None else f", {left:,.0f} s left"
    rate = knowledge.rate_of(run, now=now)
    read = f"{run.records:,}{of} records, {counted(run.pages, 'page')}, {run.judged:,} judged"
    return "; ".join(filter(None, [f"{run}: {read}, {rate:,.0f}/s{rest}", concluded(run)]))
