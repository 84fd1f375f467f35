"""From a change in the warehouse to a suggestion anybody can see, between the processes of the demo.

The demo's warehouse holds its rows in memory here: the one that keeps them reads all of them for each call,
and would be what is measured.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from statistics import quantiles
from threading import Event
from typing import Any

import psycopg

from magma.demo.loading import Loader, Revisions
from polyphemus_site.demo.cast import PROJECT
from polyphemus_site.demo.database import own_places
from polyphemus_site.demo.narration import Narrator
from polyphemus_site.demo.processes import Stage
from polyphemus_site.demo.setting import assemble
from polyphemus_site.demo.story import mates
from tests.bench.results import Row, bounded

EVENTS = 300
EVENTS_PER_SECOND = 20
#: Several upload at once: one that waits for an answer must not slow the others down.
UPLOADERS = 4
KEEPING = "POLYPHEMUS_MAGMA_DATABASE_URL"
#: CONTRACT's figure for loaders; the main story promises 5 s.
LIMIT_SECONDS = 2.0
GIVE_UP_SECONDS = 60.0
LOOK_EVERY_SECONDS = 0.02


def rows() -> Iterator[Row]:
    """The 95th percentile of event to suggestion, at 20 events a second."""
    with tempfile.TemporaryDirectory() as folder, Stage(Path(folder) / "logs", places(Path(folder))) as stage:
        cast = assemble(stage, Path(folder), Narrator(stage.require_alive))
        names = [f"DTL{number}" for number in range(1000, 1000 + EVENTS)]
        cast.warehouse.load(families(names))
        took = latencies(cast.warehouse, names, stage.environment["DATABASE_URL"])
    yield bounded(
        "event_to_suggestion_p95_s",
        quantiles(took, n=20)[-1],
        limit=LIMIT_SECONDS,
        how=f"{EVENTS} uploads at {EVENTS_PER_SECOND}/s, each from when it was to begin until its suggestion "
        f"is committed; at most; median {quantiles(took, n=2)[0]:.2f} s, slowest {max(took):.2f} s",
    )


def places(folder: Path) -> dict[str, str]:
    """Where the demo keeps things, but for the warehouse's rows."""
    return {
        name: place
        for name, place in own_places(os.environ["DATABASE_URL"], folder).items()
        if name != KEEPING
    }


def families(names: list[str]) -> Revisions:
    """Patients whose tumor and normal have been taken, and not yet sequenced."""
    tubes = [(name, kind) for name in names for kind in ("T1", "N1")]
    types = {"T1": "Adenocarcinoma", "N1": "Normal"}
    samples: dict[str, Any] = {f"{n}.{k}": {"patient": n, "tumor_type": types[k]} for n, k in tubes}
    return {
        "patient": {name: {"project": "DT Lung"} for name in names},
        "sample": samples,
        "exome": {f"{n}.{k}.exome": {"sample": f"{n}.{k}"} for n, k in tubes},
    }


def latencies(warehouse: Loader, names: list[str], database: str) -> list[float]:
    """Seconds from when each upload was to begin to its suggestion; RuntimeError when one does not come."""
    given_up = Event()
    with ThreadPoolExecutor(max_workers=1) as pool:
        watching = pool.submit(watch, set(names), database, given_up)
        try:
            begun = upload(warehouse, names)
            wait([watching], timeout=GIVE_UP_SECONDS)
        finally:
            given_up.set()
        seen = watching.result()
    if missing := [name for name in names if name not in seen]:
        raise RuntimeError(f"{len(missing)} of {len(names)} were not suggested, {missing[0]} first.")
    return [seen[name] - begun[name] for name in names]


def upload(warehouse: Loader, names: list[str]) -> dict[str, float]:
    """Upload the fastqs of one patient after another, at the rate wanted; when each was to begin.

    One that begins late because others still wait for their answer is counted from when it should have.
    """
    start = time.perf_counter()
    begun = {name: start + number / EVENTS_PER_SECOND for number, name in enumerate(names)}
    with ThreadPoolExecutor(max_workers=UPLOADERS) as pool:
        answers = []
        for name, instant in begun.items():
            time.sleep(max(0.0, instant - time.perf_counter()))
            answers.append(pool.submit(upload_one, warehouse, name))
        for answer in answers:
            answer.result()
    return begun


def upload_one(warehouse: Loader, name: str) -> None:
    """Upload the fastqs of one patient."""
    tubes = (f"{name}.T1", f"{name}.N1")
    warehouse.load({"exome": {f"{tube}.exome": {"raw_fastqs": mates(tube)} for tube in tubes}})


def watch(wanted: set[str], database: str, given_up: Event) -> dict[str, float]:
    """When each suggestion was first there, until all are or nobody waits any more."""
    seen: dict[str, float] = {}
    with psycopg.connect(database, autocommit=True) as connection:
        while wanted - seen.keys() and not given_up.wait(LOOK_EVERY_SECONDS):
            query = "SELECT anchor FROM loaders_suggestion WHERE project = %s"
            found = {anchor for (anchor,) in connection.execute(query, [PROJECT])}
            seen |= dict.fromkeys(found & wanted - seen.keys(), time.perf_counter())
    return seen
