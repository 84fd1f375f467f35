"""Scans of the large warehouse by ten loaders, against fetching and decoding the same pages."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from statistics import median

from loaders import registry
from loaders.models import ScanCursor
from loaders.registry import Registry
from loaders.services import scans
from loaders.services.verdicts import Engine, Tally
from magma.client import Magma
from polyphemus_site import clock
from tests.bench.floors import fetch_and_decode
from tests.bench.large_records import PROJECT, SPECIMEN
from tests.bench.large_warehouse import Running, large_warehouse
from tests.bench.results import Row, bounded, paired, wall
from tests.bench.scan_loaders import TEN

RECORDS = 50_000
ROUNDS = 3
#: Magma's stamps of the touched: each round's newer than the last.
FIRST_STAMP = datetime(2026, 6, 1, tzinfo=UTC)


def now() -> datetime:
    return clock.now()  # noqa: TID251 — a benchmark stands where tasks do


def scan(magma: Magma) -> Tally:
    """Every specimen by every loader."""
    return scans.scan_model(Engine.of(magma, PROJECT, TEN), SPECIMEN, clock=now)


def rows() -> Iterator[Row]:
    """A full re-scan over its floor; what it writes; what a scan of few changes costs of it."""
    registry.current = lambda: Registry({loader.name: loader for loader in TEN})  # type: ignore[assignment]  # this process only measures
    with large_warehouse(RECORDS) as running, closing(Magma(url=running.url, token="")) as magma:
        scan(magma)
        attributes = Engine.of(magma, PROJECT, TEN).gatherer(SPECIMEN).attributes  # type: ignore[union-attr]  # all ten can read it
        yield paired(
            "scan_1m_over_decode",
            wall(lambda: scan(magma)),
            wall(lambda: fetch_and_decode(running.url, SPECIMEN, attributes)),
            limit=1.5,
            rounds=ROUNDS,
            how=f"full re-scan of {RECORDS:,} records by 10 loaders against fetching and decoding them",
        )
        yield bounded(
            "rescan_rows_written", scan(magma).written, limit=0, unit="rows", how="a re-scan, nothing changed"
        )
        yield from incremental_rows(running, magma)


def incremental_rows(running: Running, magma: Magma) -> Iterator[Row]:
    """What a scan of 0.1% and of 1% changed records costs."""
    for disconnected in (False, True):
        ScanCursor.objects.create(
            project=PROJECT, model=SPECIMEN, disconnected=disconnected, since=FIRST_STAMP, read_at=now()
        )
    touch = Touch(running)
    full = timed(lambda: scan(magma))
    few = median(touched(magma, touch, RECORDS // 1000) for _ in range(ROUNDS))
    many = median(touched(magma, touch, RECORDS // 100) for _ in range(ROUNDS))
    yield Row(
        name="incremental_01_over_full",
        value=few,
        floor=full,
        ratio=few / full,
        limit=0.01,
        ok=few / full <= 0.01,
        how=f"scan of 0.1% changed of {RECORDS:,} against a full re-scan",
    )
    yield Row(
        name="incremental_1_over_01",
        value=many,
        floor=few,
        ratio=many / few,
        limit=12,
        ok=5 <= many / few <= 12,
        how="scan of 1% changed against 0.1%; 5 to 12 is asked",
    )


class Touch:
    """Writes records, each time with a newer stamp."""

    def __init__(self, running: Running) -> None:
        self.running, self.stamp = running, FIRST_STAMP

    def __call__(self, count: int) -> None:
        self.stamp += timedelta(hours=1)
        step = RECORDS // count
        self.running.control(
            "touch", model=SPECIMEN, numbers=list(range(0, RECORDS, step)), stamp=self.stamp.isoformat()
        )


def touched(magma: Magma, touch: Touch, count: int) -> float:
    """Seconds a scan takes after so many records were written."""
    touch(count)
    return timed(lambda: scans.scan_changes(magma, PROJECT, clock=now, model=SPECIMEN))


def timed(action: Callable[[], object]) -> float:
    """Seconds on the clock."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
