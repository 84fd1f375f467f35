"""Sixteen bidders on each of a thousand requests at once, over HTTP, while a web worker is killed with -9."""

from __future__ import annotations

import base64
import os
import signal
import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import partial
from http import HTTPStatus
from pathlib import Path
from threading import Thread
from typing import Any

import psutil
from django.conf import settings
from django.db import connection

from tests.bench import load
from tests.bench.analysts import KEK, Analyst
from tests.bench.dispatch import FILL
from tests.bench.results import Row
from tests.dispatch.waiting import wait_until
from tests.web import Web, serving

BIDDERS = 16
REQUESTS = 1000


def rows() -> Iterator[Row]:
    """The number of awards, which must be that of the requests, each to one bidder; all others a 409."""
    settings.POLYPHEMUS_KEK = KEK
    variables: dict[str, Any] = {
        "POLYPHEMUS_KEK": base64.b64encode(KEK).decode(),
        "POLYPHEMUS_CALLS_PER_MINUTE": str(10**9),
        "POLYPHEMUS_LOG_LEVEL": "ERROR",
        "GRANIAN_RESPAWN_FAILED_WORKERS": "true",
        "GRANIAN_RESPAWN_INTERVAL": "0.1",
    }
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), workers=2, **variables) as web:
        yield crowd(web)


def crowd(web: Web, *, requests: int = REQUESTS) -> Row:
    """All bid on all, at once."""
    with connection.cursor() as cursor:
        cursor.execute(FILL, {"prefix": "crowd_", "rows": requests})
    names = [f"crowd_{number}" for number in range(1, requests + 1)]
    bidders = [Analyst(f"bidder{number}@ucsf.edu") for number in range(BIDDERS)]
    killer = Thread(target=_kill_a_worker, args=(web, requests // 10))
    killer.start()
    _, answers = load.drive(web.port, [[partial(one.bid, name) for name in names] for one in bidders])
    killer.join()
    met = load.statuses(answers)
    awards = Counter(
        name
        for theirs in answers
        for name, (status, _) in zip(names, theirs, strict=True)
        if status == HTTPStatus.OK
    )
    wanted = {HTTPStatus.OK: requests, HTTPStatus.CONFLICT: requests * (BIDDERS - 1)}
    return Row(
        name="crowd_of_16_on_1000",
        value=len(awards),
        limit=requests,
        unit="awards",
        ok=dict(met) == wanted and set(awards.values()) == {1} and _held() == requests,
        how=f"{BIDDERS} bidders on {requests} requests at once, a worker killed with -9; met {dict(met)}",
    )


def _held() -> int:
    """How many of the requests have one award and one bid that was accepted."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM dispatch_analysisrequest AS r WHERE r.name LIKE 'crowd%%' AND r.award = 1"
            " AND 1 = (SELECT count(*) FROM dispatch_bid AS b"
            "           WHERE b.request_id = r.id AND b.state = 'accepted')"
        )
        return int(cursor.fetchone()[0])


def _kill_a_worker(web: Web, after: int) -> None:
    """End one of the web's workers, as a lack of memory would, once the bidding is on its way."""
    try:
        wait_until(lambda: _held() >= after)
        (main,) = [one for one in psutil.Process().children() if str(web.port) in one.cmdline()]
        os.kill(main.children()[-1].pid, signal.SIGKILL)
    finally:
        connection.close()
