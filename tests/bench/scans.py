"""Scans of the large warehouse by ten loaders, against fetching and decoding the same pages.

Seconds are what this process and its PostgreSQL backend compute, so that a busy machine distorts them little.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from statistics import median

from django.db import connection

from loaders import registry
from loaders.garbage import collected_after
from loaders.loader import Loader
from loaders.models import ScanCursor
from loaders.registry import Registry
from loaders.services import scans
from loaders.services.verdicts import Engine, Tally
from magma.client import Magma
from polyphemus_site import clock
from tests.bench.computing import both_cpu
from tests.bench.floors import fetch_and_decode
from tests.bench.large_records import PROJECT, SPECIMEN
from tests.bench.large_warehouse import ROOT, Running, large_warehouse
from tests.bench.results import Measure, Row, bounded, cpu, paired, surviving
from tests.bench.scan_loaders import BACKLOG, TEN

FEW, MANY = 100_000, 1_000_000
ROUNDS = 3
#: Magma's stamps of the touched: each round's newer than the last.
FIRST_STAMP = datetime(2026, 6, 1, tzinfo=UTC)
SCAN_IN_A_CHILD = """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "polyphemus_site.settings")
import django
django.setup()
from tests.bench.computing import both_cpu
from tests.bench.results import peak_megabytes
from tests.bench.scans import connected, scan
magma, tallies = connected(sys.argv[1]), []
seconds = both_cpu(lambda: tallies.append(scan(magma)))
print(tallies[0].records, seconds, peak_megabytes())
"""


def now() -> datetime:
    return clock.now()  # noqa: TID251 — a benchmark stands where tasks do


def connected(url: str, loaders: Sequence[Loader] = TEN) -> Magma:
    """A client; this process knows these loaders and no others."""
    registry.current = lambda: Registry({loader.name: loader for loader in loaders})  # type: ignore[assignment]  # this process only measures
    return Magma(url=url, token="")


def scan(magma: Magma, *, afresh: bool = False) -> Tally:
    """Every specimen by every loader."""
    return scans.scan_model(Engine.of(magma, PROJECT), SPECIMEN, clock=now, afresh=afresh)


def floor_of(running: Running, magma: Magma) -> Measure:
    """Fetching and decoding what the loaders read; they all can read it."""
    attributes = Engine.of(magma, PROJECT).gatherer(SPECIMEN).attributes  # type: ignore[union-attr]  # so there is one

    def read() -> None:
        with collected_after():  # as scans do
            fetch_and_decode(running.url, SPECIMEN, attributes)

    floor = cpu(read)
    floor()
    return floor


def rows() -> Iterator[Row]:
    """Memory; full scans over their floor; what a re-scan writes; what a scan of few changes costs of it."""
    with large_warehouse(FEW) as running:
        _, few = first_scan(running.url, FEW)
    forget_everything()
    with large_warehouse(MANY) as running, closing(connected(running.url)) as magma:
        floor = floor_of(running, magma)
        seconds, many = first_scan(running.url, MANY)
        yield from memory_rows(few, many)
        yield over_floor("first_scan_over_decode", seconds, floor(), how=FIRST.format(MANY))
        judged = list(surviving("scan_1m_over_decode", judging_rows(magma, floor)))
        yield from judged
        yield from surviving("rescan_1m_over_decode", rescan_rows(magma, floor))
        yield from surviving("incremental_01_over_full", incremental_rows(running, magma, judged[0].value))


def backlog_rows() -> Iterator[Row]:
    """Ten loaders by which every specimen that is ready gives half a dozen suggestions: the harder set."""
    forget_everything()
    with large_warehouse(FEW) as running, closing(connected(running.url, BACKLOG)) as magma:
        floor = floor_of(running, magma)
        told = "scan of {:,} records by 10 loaders with {:,} suggestions; at most"
        first: list[Tally] = []
        seconds = both_cpu(lambda: first.append(scan(magma)))
        told = told.format(FEW, first[0].written)
        yield over_floor("backlog_first_scan_over_decode", seconds, floor(), how=f"first scan {told}")
        seconds = both_cpu(lambda: scan(magma, afresh=True))
        yield over_floor("backlog_scan_over_decode", seconds, floor(), how=f"scan afresh {told}")


FIRST = (
    "the very first scan of {:,} records by 10 loaders, which writes a suggestion for every eighth; at most"
)


def over_floor(name: str, seconds: float, floor: float, *, how: str, limit: float = 1.5) -> Row:
    """What was measured once, since it takes long, against the floor."""
    ratio = seconds / floor
    is_ok = ratio <= limit
    return Row(name=name, value=seconds, floor=floor, ratio=ratio, limit=limit, ok=is_ok, how=how)


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


def judging_rows(magma: Magma, floor: Measure) -> Iterator[Row]:
    """A scan in which every loader judges every record, whatever was seen before; once, for it takes long."""
    before = floor()
    judged: list[Tally] = []
    seconds = both_cpu(lambda: judged.append(scan(magma, afresh=True)))
    if judged[0].judged != MANY:
        raise AssertionError(f"The scan judged {judged[0].judged} of {MANY} records.")
    yield over_floor(
        "scan_1m_over_decode",
        seconds,
        (before + floor()) / 2,
        how=f"full scan of {MANY:,} records, each judged again by 10 loaders, against fetching and decoding "
        "them before and after; at most",
    )


def rescan_rows(magma: Magma, floor: Measure) -> Iterator[Row]:
    """What a scan costs of what is as it was, and that it writes nothing."""
    tallies: list[Tally] = []
    yield paired(
        "rescan_1m_over_decode",
        lambda: both_cpu(lambda: tallies.append(scan(magma))),
        floor,
        limit=1.5,
        rounds=ROUNDS,
        how=f"full re-scan of {MANY:,} records by 10 loaders, which judges none that is as it was, "
        "against fetching and decoding them",
    )
    written = sum(tally.written for tally in tallies)
    yield bounded("rescan_rows_written", written, limit=0, unit="rows", how="re-scans, nothing changed")


def incremental_rows(running: Running, magma: Magma, full: float | None) -> Iterator[Row]:
    """What a scan of 0.1% and of 1% changed records costs, against scans that judge all and none.

    Judging what changed is held against judging all there is. A re-scan decodes none of what is as it was, so
    that against it no bound is promised; it is told.
    """
    for disconnected in (False, True):
        ScanCursor.objects.create(
            project=PROJECT, model=SPECIMEN, disconnected=disconnected, since=FIRST_STAMP, read_at=now()
        )
    touch = Touch(running)
    rescan = both_cpu(lambda: scan(magma))
    few = median(touched(magma, touch, MANY // 1000) for _ in range(ROUNDS))
    many = median(touched(magma, touch, MANY // 100) for _ in range(ROUNDS))
    if full is not None:
        how = f"scan of 0.1% changed of {MANY:,} against the full scan that judges each; at most"
        yield over_floor("incremental_01_over_full", few, full, limit=0.01, how=how)
    yield Row(
        name="incremental_01_over_rescan",
        value=few,
        floor=rescan,
        ratio=few / rescan,
        ok=True,
        how=f"scan of 0.1% changed of {MANY:,} against a re-scan that decodes nothing; told, not bounded",
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
    """Seconds a scan computes after so many records were written."""
    touch(count)
    return both_cpu(lambda: scans.scan_changes(magma, PROJECT, clock=now, model=SPECIMEN))
