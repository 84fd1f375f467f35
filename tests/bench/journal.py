"""How quickly the journal answers a real web process's callers: an ordinary push, and the largest taken."""

from __future__ import annotations

import json
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any

import httpx

from polyphemus_site.api.signing import etna
from tests.bench.results import Row, bounded
from tests.web import serving

KEY = "a key of the benchmark"
PATH = "/api/log/labors/write"
ORDINARY_PUSHES = 200
LARGE_PUSHES = 3
MILLION = 1_000_000


def rows() -> Iterator[Row]:
    """The 95th percentile of ordinary pushes, and the slowest of the largest."""
    variables: dict[str, Any] = {"POLYPHEMUS_ETNA_KEYS": json.dumps({"magma": KEY})}
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder), **variables) as web,
        httpx.Client() as client,
    ):
        ordinary = event(records=10, padding=50_000)
        times = [push(client, web.url, ordinary) for _ in range(ORDINARY_PUSHES)]
        how = f"{ORDINARY_PUSHES} pushes of 10 records, 50 kB, signed, one after another, through granian"
        yield bounded("journal_write_p95_s", quantiles(times, n=20)[-1], limit=0.05, how=how)
        large = event(records=10, padding=31 * MILLION)
        slowest = max(push(client, web.url, large) for _ in range(LARGE_PUSHES))
        yield bounded("journal_write_31mb_s", slowest, limit=2, how="the slowest of three pushes of 31 MB")


def event(*, records: int, padding: int) -> dict[str, object]:
    """An update as Magma tells of it, its template as large as wanted."""
    documents = {
        f"LABORS-VICTIM-{number:03}": {"monster": "Nemean Lion", "weapon": "club"}
        for number in range(records)
    }
    payload = {"models": {"victim": {"documents": documents, "template": {"padding": "x" * padding}}}}
    return {
        "user": "eurystheus@twelve-labors.org",
        "event": "update",
        "message": f"made updates to models: victim ({records})",
        "payload": json.dumps(payload),
        "consolidate": None,
        "application": None,
    }


def push(client: httpx.Client, url: str, told: dict[str, object]) -> float:
    """Seconds from sending to the answer; signing is the sender's own affair."""
    fields = etna.sign(
        method="POST",
        host="127.0.0.1",
        path=PATH,
        key_id="magma",
        key=KEY.encode(),
        signed=told,
        nonce=uuid.uuid4().hex,
        expires=datetime.now(UTC) + timedelta(days=1),
    )
    body = json.dumps(told | {"project_name": "labors"}).encode()
    target = url + etna.signed_target(PATH, fields)
    start = time.perf_counter()
    client.post(
        target, content=body, headers={"Content-Type": "application/json"}, timeout=60
    ).raise_for_status()
    return time.perf_counter() - start
