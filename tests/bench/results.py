"""Rows of bench-results.json, measured in pairs, so that a busy machine is busy for both sides."""

from __future__ import annotations

import gc
import json
import operator
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

#: Runs something once and gives what was measured of it: seconds, bytes, a count.
Measure = Callable[[], float]

RESULTS = Path("bench-results.json")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure. `ratio` is that of value to floor, the median of paired rounds; `ok` says whether it holds.

    `limit` is the most the ratio may be, or the least where `how` says "at least".
    """

    name: str
    value: float | None = None
    floor: float | None = None
    peer: float | None = None
    ratio: float | None = None
    limit: float | None = None
    unit: str = "s"
    ok: bool
    how: str


def wall(action: Callable[[], object]) -> Measure:
    """Seconds on the clock."""
    return lambda: _timed(action, time.perf_counter)


def cpu(action: Callable[[], object]) -> Measure:
    """Seconds this process computes."""
    return lambda: _timed(action, time.process_time)


def peak_megabytes() -> float:
    """The most memory this process ever held since it began to run its program."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def _timed(action: Callable[[], object], clock: Callable[[], float]) -> float:
    gc.collect()
    start = clock()
    action()
    return clock() - start


def surviving(name: str, rows: Iterable[Row]) -> Iterator[Row]:
    """The rows; what breaks is told with its trace, costs what it had not given yet, and fails the run."""
    try:
        yield from rows
    except Exception as error:  # noqa: BLE001 — whatever broke, other rows are still wanted
        traceback.print_exc()
        yield Row(name=name, ok=False, how=f"broke: {error!r}")


def paired(
    name: str,
    ours: Measure,
    floor: Measure,
    *,
    limit: float,
    how: str,
    rounds: int = 5,
    unit: str = "s",
    at_least: bool = False,
) -> Row:
    """A warm-up of both, then rounds of ours and the floor, the order changing from round to round."""
    ours(), floor()
    pairs = [_pair(ours, floor, is_ours_first=number % 2 == 0) for number in range(rounds)]
    ratio = median(value / base for value, base in pairs)
    holds = operator.ge if at_least else operator.le
    return Row(
        name=name,
        value=median(value for value, _ in pairs),
        floor=median(base for _, base in pairs),
        ratio=ratio,
        limit=limit,
        unit=unit,
        ok=holds(ratio, limit),
        how=f"{how}; {'at least' if at_least else 'at most'}; median of {rounds} paired rounds",
    )


def _pair(ours: Measure, floor: Measure, *, is_ours_first: bool) -> tuple[float, float]:
    if is_ours_first:
        value = ours()
        return value, floor()
    base = floor()
    return ours(), base


def bounded(name: str, value: float, *, limit: float, how: str, unit: str = "s") -> Row:
    """A figure with no floor but a limit of its own."""
    return Row(name=name, value=value, limit=limit, unit=unit, ok=value <= limit, how=how)


HEAD = f"{'':4} {'name':36} {'value':>10} {'floor':>10} {'peer':>10} {'ratio':>8} {'limit':>8}  unit"


def table(rows: Sequence[Row], *, head: bool = True) -> str:
    """For people."""
    lines = [HEAD] if head else []
    for row in rows:
        figures = (f"{_short(one):>10}" for one in (row.value, row.floor, row.peer))
        bounds = (f"{_short(one):>8}" for one in (row.ratio, row.limit))
        lines.append(
            f"{'ok' if row.ok else 'FAIL':4} {row.name:36} {' '.join((*figures, *bounds))}  {row.unit}"
        )
    return "\n".join(lines)


def _short(figure: float | None) -> str:
    return "" if figure is None else f"{figure:.4g}"


def write(rows: Sequence[Row], path: Path = RESULTS) -> None:
    """For programs."""
    path.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")
