"""The client's walk, which vouches for its completeness, against fetching and decoding the same pages."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

from magma.ahead import read_ahead
from magma.client import Magma
from magma.rows import RowShape
from tests.bench.floors import fetch_and_decode
from tests.bench.large_records import PROJECT, SPECIMEN
from tests.bench.large_warehouse import ROOT, large_warehouse
from tests.bench.results import Row, bounded, paired, wall

RECORDS = 100_000
FEW, MANY = 100_000, 1_000_000
ATTRIBUTES = ("subject", "tumor_type", "quality", "raw_fastqs", "bam", "vcf", "updated_at")
WALK_IN_A_CHILD = """
import sys
from tests.bench.results import peak_megabytes
from tests.bench.walks import walk
print(walk(sys.argv[1]), peak_megabytes())
"""


def walk(url: str) -> int:
    """How many records the client's walk gives, as plain documents."""
    with closing(Magma(url=url, token="")) as magma:
        return sum(len(page.documents) for page in magma.walk(PROJECT, SPECIMEN, ATTRIBUTES))


def walk_in_rows(url: str) -> int:
    """How many records the client's walk gives, decoded into rows and read ahead."""
    with closing(Magma(url=url, token="")) as magma:
        shape = RowShape.of(magma.templates(PROJECT)[SPECIMEN], ATTRIBUTES)
        pages = read_ahead(magma.walk(PROJECT, SPECIMEN, ATTRIBUTES, rows=shape))
        return sum(len(page.documents) for page in pages)


def megabytes_of_a_walk(records: int) -> float:
    """The most memory a fresh process holds while it walks a model of this size."""
    with large_warehouse(records) as running:
        child = subprocess.run(  # noqa: S603 — our own code
            [sys.executable, "-c", WALK_IN_A_CHILD, running.url],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
    given, megabytes = child.stdout.split()
    if int(given) != records:
        raise AssertionError(f"The walk gave {given} of {records} records.")
    return float(megabytes)


def rows() -> Iterator[Row]:
    """Time over the floor; memory at a million over memory at a tenth of it."""
    with large_warehouse(RECORDS) as running:
        yield paired(
            "walk_over_fetch_and_decode",
            wall(lambda: walk(running.url)),
            wall(lambda: fetch_and_decode(running.url, SPECIMEN, ATTRIBUTES)),
            limit=1.5,
            how=f"the walk over {RECORDS:,} records in plain documents, against fetching and decoding them",
        )
        yield paired(
            "walk_in_rows_over_fetch_and_decode",
            wall(lambda: walk_in_rows(running.url)),
            wall(lambda: fetch_and_decode(running.url, SPECIMEN, ATTRIBUTES)),
            limit=1.0,
            how="the same, decoded into rows and read ahead",
        )
    few, many = megabytes_of_a_walk(FEW), megabytes_of_a_walk(MANY)
    yield Row(
        name="walk_memory_1m_over_100k",
        value=many,
        floor=few,
        ratio=many / few,
        limit=1.2,
        unit="MB",
        ok=many / few <= 1.2,
        how="peak memory of a process that walks 1,000,000 records against 100,000",
    )
    yield bounded("walk_memory_1m", many, limit=250, unit="MB", how="peak memory, 1,000,000 records")
