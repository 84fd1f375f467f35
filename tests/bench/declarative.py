"""Our scan of what changed beside Dagster, a declarative peer, learning of changes and judging them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from loaders import registry
from loaders.models import ScanCursor
from loaders.registry import Registry
from loaders.services import scans
from loaders.services.verdicts import Engine
from magma.client import Magma
from tests.bench.large_records import PROJECT, SPECIMEN
from tests.bench.large_warehouse import ROOT, large_warehouse
from tests.bench.results import Row
from tests.bench.scan_loaders import Fastqs
from tests.bench.scans import FIRST_STAMP, now

DAGSTER = "dagster==1.13.29"
#: Where it is installed at its first use, so that later runs find it there.
HOME = ROOT / ".polyphemus" / "bench" / "dagster"
THEIRS, OURS = 1000, 10_000
STAMP = FIRST_STAMP.replace(month=7).isoformat()


def rows() -> Iterator[Row]:
    """How many times faster a record is learned of and judged here."""
    python = installed()
    theirs, requested = by_dagster(python)
    ours = by_us()
    yield Row(
        name="dagster_over_ours_per_record",
        value=ours,
        peer=theirs,
        ratio=theirs / ours,
        limit=100,
        unit="s a record",
        ok=theirs / ours >= 100,
        how=f"{DAGSTER} told of {THEIRS:,} records, a condition each ({requested:,} requested), against "
        f"our scan finding {OURS:,} changed over HTTP, judging them and writing what follows; at least",
    )


def installed() -> Path:
    """Python with Dagster beside it."""
    python = HOME / "bin" / "python"
    if not (HOME / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", str(HOME)], check=True)  # noqa: S603 — our own interpreter
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", DAGSTER], check=True)  # noqa: S603 — pinned
        (HOME / "complete").touch()
    return python


def by_dagster(python: Path) -> tuple[float, int]:
    """Seconds a record, and how many runs it asks for."""
    command = [str(python), "-P", str(Path(__file__).with_name("declarative_peer.py")), str(THEIRS)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 — our own program
    seconds, requested = done.stdout.split()[-2:]
    return float(seconds) / THEIRS, int(requested)


def by_us() -> float:
    """Seconds a record."""
    registry.current = lambda: Registry({"fastqs": Fastqs()})  # type: ignore[assignment]  # this process only measures
    with large_warehouse(10 * OURS) as running, closing(Magma(url=running.url, token="")) as magma:
        scans.scan_model(Engine.of(magma, PROJECT), SPECIMEN, clock=now)
        for side in (False, True):
            ScanCursor.objects.create(
                project=PROJECT, model=SPECIMEN, disconnected=side, since=FIRST_STAMP, read_at=now()
            )
        running.control("touch", model=SPECIMEN, numbers=list(range(0, 10 * OURS, 10)), stamp=STAMP)
        start = time.perf_counter()
        judged = scans.scan_changes(magma, PROJECT, clock=now, model=SPECIMEN).records
        seconds = time.perf_counter() - start
    if judged != OURS:
        raise AssertionError(f"The scan judged {judged} of {OURS} changed records.")
    return seconds / OURS
