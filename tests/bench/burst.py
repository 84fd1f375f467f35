"""A burst of journal entries about few records: two workers drain it, and judge each record once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from loaders import tasks
from loaders.models import Change, ScanRun
from loaders.services import scans
from loaders.services.locks import held
from loaders.services.verdicts import Engine
from loaders.states import ScanKind
from magma.client import Magma
from magma.journal.services import entries
from tests.bench.large_records import PROJECT, SPECIMEN, specimen_name
from tests.bench.large_warehouse import large_warehouse
from tests.bench.results import Row, bounded
from tests.bench.sharing import agreed, now
from tests.workers import workers

ENTRIES = 10_000
#: Each names as many of so many records.
NAMED, RECORDS = 5, 500
GIVE_UP_SECONDS = 600


def rows() -> Iterator[Row]:
    """How often a record of the burst is judged, and how soon nothing of it is left."""
    with (
        TemporaryDirectory() as folder,
        large_warehouse(RECORDS) as running,
        closing(Magma(url=running.url, token="x")) as magma,
    ):
        environment = agreed(Path(folder), running.url)
        scans.scan_model(Engine.of(magma, PROJECT), SPECIMEN, clock=now)
        with workers(2, Path(folder), environment):
            writing = burst()
            draining = drained()
    judged = sum(ScanRun.objects.filter(kind=ScanKind.JOURNAL).values_list("records", flat=True))
    yield bounded(
        "burst_judged_per_record",
        judged / RECORDS,
        limit=1,
        unit="times",
        how=f"{ENTRIES:,} entries of {NAMED} records each, all about the same {RECORDS}, while one judges "
        f"the project, then two workers. Written in {writing:.1f} s, drained {draining:.1f} s after",
    )


def burst() -> float:
    """Write the entries as siblings' calls do, each telling the workers; seconds. Nobody judges meanwhile."""
    start = time.perf_counter()
    with held("judge", PROJECT) as mine:
        if not mine:
            raise RuntimeError("Somebody judges the project already.")
        for number in range(ENTRIES):
            write(number)
    return time.perf_counter() - start


def write(number: int) -> None:
    """One entry, naming the next few records."""
    names = [specimen_name((NAMED * number + offset) % RECORDS) for offset in range(NAMED)]
    payload = {"models": {SPECIMEN: {"documents": {name: {"vcf": None} for name in names}}}}
    document = {"event": "update", "user": "a@ucsf.edu", "message": "updates", "payload": json.dumps(payload)}
    body = json.dumps(document).encode()
    entries.write(project_name=PROJECT, sender="magma", document=document, body=body, now=now())


def drained() -> float:
    """Seconds until nothing told is left to judge."""
    start = time.perf_counter()
    tasks.judge_pending.delay(PROJECT)
    while Change.objects.filter(pending=True).exists():
        if time.perf_counter() > start + GIVE_UP_SECONDS:
            raise TimeoutError("The workers did not drain the burst.")
        time.sleep(0.02)
    return time.perf_counter() - start
