"""Scans of the large warehouse by ten loaders, against fetching and decoding the same pages."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from statistics import median

from django.db import connection

from loaders import registry
from loaders.models import ScanCursor
from loaders.registry import Registry
from loaders.services import scans
from loaders.services.verdicts import Engine, Tally
from magma.client import Magma
from polyphemus_site import clock
from tests.bench.floors import fetch_and_decode
from tests.bench.large_records import PROJECT, SPECIMEN
from tests.bench.large_warehouse import ROOT, Running, large_warehouse
from tests.bench.results import Measure, Row, bounded, paired, wall
from tests.bench.scan_loaders import TEN

FEW, MANY = 100_000, 1_000_000
ROUNDS = 3
#: Magma's stamps of the touched: each round's newer than the last.
FIRST_STAMP = datetime(2026, 6, 1, tzinfo=UTC)
SCAN_IN_A_CHILD = """
import os, sys, time
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polyphemus_site.settings")
import django
django.setup()
from tests.bench.results import peak_megabytes
from tests.bench.scans import connected, scan
magma = connected(sys.argv[1])
start = time.perf_counter()
records = scan(magma).records
print(records, time.perf_counter() - start, peak_megabytes())
"""


def now() -> datetime:
    return clock.now()  # noqa: TID251 — a benchmark stands where tasks do


def connected(url: str) -> Magma:
    """A client; this process knows the ten loaders and no others."""
    registry.current = lambda: Registry({loader.name: loader for loader in TEN})  # type: ignore[assignment]  # this process only measures
    return Magma(url=url, token="")


def scan(magma: Magma, *, afresh: bool = False) -> Tally:
    """Every specimen by every loader."""
    engine = Engine.of(magma, PROJECT, TEN)
    return scans.scan_model(engine, SPECIMEN, clock=now, afresh=afresh)


def rows() -> Iterator[Row]:
    """Memory; full scans over their floor; what a re-scan writes; what a scan of few changes costs of it."""
    with large_warehouse(FEW) as running:
        _, few = first_scan(running.url, FEW)
    forget_everything()
    with large_warehouse(MANY) as running, closing(connected(running.url)) as magma:
        attributes = Engine.of(magma, PROJECT, TEN).gatherer(SPECIMEN).attributes  # type: ignore[union-attr]  # all ten can read it
        floor = wall(lambda: fetch_and_decode(running.url, SPECIMEN, attributes))
        floor()
        seconds, many = first_scan(running.url, MANY)
        yield from memory_rows(few, many)
        yield first_row(seconds, floor())
        yield (judged := judging_row(magma, floor))
        yield paired(
            "rescan_1m_over_decode",
            wall(lambda: scan(magma)),
            floor,
            limit=1.5,
            rounds=ROUNDS,
            how=f"full re-scan of {MANY:,} records by 10 loaders, which judges none that is as it was, "
            "against fetching and decoding them",
        )
        yield bounded(
            "rescan_rows_written", scan(magma).written, limit=0, unit="rows", how="a re-scan, nothing changed"
        )
        yield from incremental_rows(running, magma, afresh=judged.value or float("inf"))


def first_scan(url: str, records: int) -> tuple[float, float]:
    """Seconds and the most megabytes a fresh process takes to scan what no scan has seen before."""
    command = [sys.executable, "-c", SCAN_IN_A_CHILD, url]
    child = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S603 — our own code
    scanned, seconds, megabytes = child.stdout.split()
    if int(scanned) != records:
        raise AssertionError(f"The scan judged {scanned} of {records} records.")
    return float(seconds), float(megabytes)


def forget_everything() -> None:
    """As if nothing had been scanned."""
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE loaders_suggestion, loaders_seen, loaders_unsettled, loaders_scanrun CASCADE"
        )


def memory_rows(few: float, many: float) -> Iterator[Row]:
    """Memory must not grow with the warehouse."""
    yield Row(
        name="scan_memory_1m_over_100k",
        value=many,
        floor=few,
        ratio=many / few,
        limit=1.2,
        unit="MB",
        ok=many / few <= 1.2,
        how=f"peak memory of a process in its first scan of {MANY:,} records against {FEW:,}; at most",
    )
    yield bounded("scan_memory_1m", many, limit=250, unit="MB", how=f"peak memory, {MANY:,} records; at most")


def first_row(seconds: float, floor: float) -> Row:
    """The first scan opens every suggestion there is, each with its receipt: not promised, but told."""
    return Row(
        name="first_scan_over_decode",
        value=seconds,
        floor=floor,
        ratio=seconds / floor,
        ok=True,
        how=f"the very first scan, which writes about {MANY * 7 // 10:,} suggestions; told, not bounded",
    )


def judging_row(magma: Magma, floor: Measure) -> Row:
    """A scan in which every loader judges every record, whatever was seen before; once, for it takes long."""
    before = floor()
    judged: list[Tally] = []
    seconds = timed(lambda: judged.append(scan(magma, afresh=True)))
    fetched = (before + floor()) / 2
    if judged[0].judged != MANY:
        raise AssertionError(f"The scan judged {judged[0].judged} of {MANY} records.")
    return Row(
        name="scan_1m_over_decode",
        value=seconds,
        floor=fetched,
        ratio=seconds / fetched,
        limit=1.5,
        ok=seconds / fetched <= 1.5,
        how=f"full scan of {MANY:,} records, each judged by 10 loaders, against fetching and decoding them "
        "before and after; at most",
    )


def incremental_rows(running: Running, magma: Magma, *, afresh: float) -> Iterator[Row]:
    """What a scan of 0.1% and of 1% changed records costs; `afresh`: seconds it takes to judge all."""
    for disconnected in (False, True):
        ScanCursor.objects.create(
            project=PROJECT, model=SPECIMEN, disconnected=disconnected, since=FIRST_STAMP, read_at=now()
        )
    touch = Touch(running)
    full = timed(lambda: scan(magma))
    few = median(touched(magma, touch, MANY // 1000) for _ in range(ROUNDS))
    many = median(touched(magma, touch, MANY // 100) for _ in range(ROUNDS))
    yield Row(
        name="incremental_01_over_full",
        value=few,
        floor=full,
        ratio=few / full,
        limit=0.01,
        ok=few / full <= 0.01,
        how=f"scan of 0.1% changed of {MANY:,} against a full re-scan; "
        f"{few / afresh:.5f} of judging all afresh",
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
        numbers = list(range(0, MANY, MANY // count))
        self.running.control("touch", model=SPECIMEN, numbers=numbers, stamp=self.stamp.isoformat())


def touched(magma: Magma, touch: Touch, count: int) -> float:
    """Seconds a scan takes after so many records were written."""
    touch(count)
    return timed(lambda: scans.scan_changes(magma, PROJECT, clock=now, model=SPECIMEN))


def timed(action: Callable[[], object]) -> float:
    """Seconds on the clock."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
