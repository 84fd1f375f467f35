"""One full scan by two worker processes against one, of a warehouse that answers as fast as a real Magma."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings

from loaders import registry
from loaders.models import ScanRun
from loaders.services import scans, sweeps
from loaders.services.verdicts import Engine
from magma.client import Magma
from polyphemus_site import clock
from tests.bench.large_records import PROJECT, SPECIMEN
from tests.bench.large_warehouse import large_warehouse
from tests.bench.results import Measure, Row, paired
from tests.bench.scan_loaders import TEN
from tests.workers import spell, workers

RECORDS = 100_000
ROUNDS = 3
#: A real Magma's time for a page of 1,000 records on its own two cores.
PACE_SECONDS = 0.05
GIVE_UP_SECONDS = 600


def now() -> datetime:
    return clock.now()  # noqa: TID251 — a benchmark stands where tasks do


def rows() -> Iterator[Row]:
    """How much faster two workers finish a sweep than one."""
    with (
        TemporaryDirectory() as folder,
        large_warehouse(RECORDS) as running,
        closing(Magma(url=running.url, token="x")) as magma,
    ):
        environment = agreed(Path(folder), running.url)
        scans.scan_model(Engine.of(magma, PROJECT), SPECIMEN, clock=now)
        running.control("pace", seconds=PACE_SECONDS)
        yield paired(
            "one_worker_over_two",
            _swept_by(1, magma, Path(folder), environment),
            _swept_by(2, magma, Path(folder), environment),
            limit=1.7,
            rounds=ROUNDS,
            at_least=True,
            how=f"a re-scan of {RECORDS:,} records by one worker process against two, each page of 1,000 "
            f"taking {1000 * PACE_SECONDS:.0f} ms as of a real Magma; {os.cpu_count()} cores for all of it",
        )


def agreed(folder: Path, url: str) -> Mapping[str, str]:
    """What this process and the workers agree on."""
    loaders = folder / "loaders"
    loaders.mkdir()
    values = {
        "POLYPHEMUS_LOADER_PATH": str(spell(TEN, loaders)),
        "POLYPHEMUS_MAGMA_URL": url,
        "POLYPHEMUS_MAGMA_TOKEN": "x",
        "POLYPHEMUS_PROJECTS": PROJECT,
    }
    for name, value in values.items():
        setattr(settings, name, value)
    registry.current.cache_clear()
    return values


def _swept_by(count: int, magma: Magma, folder: Path, environment: Mapping[str, str]) -> Measure:
    """Seconds from the listing's start to the sweep's end, the workers being ready."""

    def sweep() -> float:
        with workers(count, folder, environment):
            start = time.perf_counter()
            (run,) = sweeps.begin(magma, PROJECT, clock=now)
            while not ScanRun.objects.filter(pk=run.pk, ended_at__isnull=False).exists():
                if time.perf_counter() > start + GIVE_UP_SECONDS:
                    raise TimeoutError("The workers did not finish the sweep.")
                time.sleep(0.02)
            return time.perf_counter() - start

    return sweep
