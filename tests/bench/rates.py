"""Bids and pairs of bid and ticket a second, over HTTP, beside what they are measured by.

Ours is the real web process, granian with two workers, with signatures, audit and history. Every side runs on
the same machine in the same minutes, with `synchronous_commit` off, since a disk's flush measures the disk.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from django.conf import settings
from django.db import connection

from polyphemus_site.embedded import programs
from tests.bench import load
from tests.bench.analysts import KEK, Analyst, ready
from tests.bench.dispatch import BARE_TABLES, FILL
from tests.bench.queues import celery_drain, procrastinate_drain
from tests.bench.results import Row, paired
from tests.web import ROOT, Web, free_port, running, serving

CONNECTIONS = 16
BIDS = 2000
PAIRS = 1000
TEXTBOOK_BIDS = 600
SECONDS = 3
CLIENTS = 8
#: The claim and the bid, and nothing besides; each transaction takes the next request.
PGBENCH = """
WITH won AS (UPDATE bare_request SET status = 'running', analyst = 'a@ucsf.edu'
              WHERE name = (SELECT 'r' || nextval('bare_turn')) AND status = 'new' RETURNING id)
INSERT INTO bare_bid (request_id, analyst) SELECT id, 'a@ucsf.edu' FROM won;
"""
BARE_MILLION = """
CREATE SEQUENCE bare_turn;
INSERT INTO bare_request (name, status) SELECT 'r' || n, 'new' FROM generate_series(1, 1000000) n
"""
AT_LEAST: dict[str, Any] = {"rounds": 3, "at_least": True, "unit": "a second"}
HOW_BIDS = (
    f"{BIDS} bids, signed beforehand, over {CONNECTIONS} connections to granian with two workers, over "
)
HOW_PGBENCH = f"{HOW_BIDS}pgbench's claim+bid, {CLIENTS} clients, prepared"
HOW_TEXTBOOK = f"{HOW_BIDS}those of a textbook DRF view (token, select_for_update, serializers), same server"
HOW_PAIRS = f"{PAIRS} pairs of bid and ticket, signed beforehand, over HTTP, over a drain of no-op jobs by "
HOW_CELERY = f"{HOW_PAIRS}Celery, prefork -c 2"
HOW_PROCRASTINATE = f"{HOW_PAIRS}Procrastinate, concurrency 8"


def rows() -> Iterator[Row]:
    """Rates are "at least": ours over the other's, the median of paired rounds."""
    settings.POLYPHEMUS_KEK = KEK
    _execute(f'ALTER DATABASE "{connection.settings_dict["NAME"]}" SET synchronous_commit = off')
    variables: dict[str, Any] = {
        "POLYPHEMUS_KEK": base64.b64encode(KEK).decode(),
        "POLYPHEMUS_CALLS_PER_MINUTE": str(10**9),
        "POLYPHEMUS_LOG_LEVEL": "ERROR",
    }
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder), workers=2, **variables) as web,
        textbook(Path(folder)) as other,
    ):
        analyst, turns = Analyst(), count()
        bids = partial(_bids_a_second, web, analyst, turns)
        pairs = partial(_pairs_a_second, web, analyst, turns)
        tutorial = partial(_textbook_bids_a_second, other, turns)
        yield paired("bids_over_pgbench", bids, _pgbench(), limit=0.12, how=HOW_PGBENCH, **AT_LEAST)
        yield paired("bids_over_textbook_view", bids, tutorial, limit=3, how=HOW_TEXTBOOK, **AT_LEAST)
        yield paired("pairs_over_celery_drain", pairs, celery_drain, limit=0.8, how=HOW_CELERY, **AT_LEAST)
        other_queue = {"limit": 1.5, "how": HOW_PROCRASTINATE, **AT_LEAST}
        yield paired("pairs_over_procrastinate", pairs, procrastinate_drain, **other_queue)


def _bids_a_second(web: Web, analyst: Analyst, turns: count[int]) -> float:
    names = _filled(f"rate{next(turns)}_", BIDS)
    requests = [ready(analyst.bid(name)) for name in names]
    seconds, answers = load.drive(web.port, load.dealt(requests, CONNECTIONS))
    _expect(load.statuses(answers), {200: BIDS})
    return BIDS / seconds


def _pairs_a_second(web: Web, analyst: Analyst, turns: count[int]) -> float:
    names = _filled(f"pair{next(turns)}_", PAIRS)
    pairs = [(ready(analyst.bid(name)), ready(analyst.ticket(name))) for name in names]
    queues = [[call for pair in hand for call in pair] for hand in load.dealt(pairs, CONNECTIONS)]
    seconds, answers = load.drive(web.port, queues)
    _expect(load.statuses(answers), {200: 2 * PAIRS})
    return PAIRS / seconds


def _filled(prefix: str, rows: int) -> list[str]:
    """So many open requests, by name."""
    _execute(FILL, {"prefix": prefix, "rows": rows})
    return [f"{prefix}{number}" for number in range(1, rows + 1)]


def _pgbench() -> Any:
    """PostgreSQL's own rate of the bare statement, on a million requests."""
    _execute(BARE_TABLES)
    _execute(BARE_MILLION)
    with tempfile.NamedTemporaryFile("w", suffix=".sql", delete=False) as script:
        script.write(PGBENCH)
    command = [str(programs.installed().pgbench), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "2"]
    command += ["-T", str(SECONDS), "-f", script.name, _url()]

    def measure() -> float:
        said = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 — fixed words
        found = re.search(r"tps = ([0-9.]+)", said.stdout)
        if found is None:
            raise ValueError(f"pgbench did not tell its rate: {said.stdout[-500:]}")
        return float(found[1])

    return measure


@contextmanager
def textbook(folder: Path) -> Iterator[tuple[Web, str, str]]:
    """The textbook's site under the same server, its token, and its database."""
    name = f"{connection.settings_dict['NAME']}_textbook"
    with psycopg.connect(_url(), autocommit=True) as line:
        line.execute(f'CREATE DATABASE "{name}"')
        line.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    url = urlsplit(_url())._replace(path=f"/{name}").geturl()
    variables = {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.bench.textbook.settings"}
    token = _manage(variables, "migrate", "--run-syncdb") or _manage(variables, "shell", "-c", MAKE_TOKEN)
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--workers", "2", "--blocking-threads", "4"]
    command += ["tests.bench.textbook.site:application"]
    with running(command, port, variables, folder / "textbook.log") as web:
        yield web, token, url
    with psycopg.connect(_url(), autocommit=True) as line:
        line.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


MAKE_TOKEN = """
from django.contrib.auth.models import User
from rest_framework.authtoken.models import Token
print(Token.objects.create(user=User.objects.create_user("bench")).key)
"""


def _manage(variables: dict[str, str], *words: str) -> str:
    """Django's own commands on the textbook's site; the last line of a shell's output."""
    said = subprocess.run(  # noqa: S603 — fixed words
        [sys.executable, "-m", "django", *words],
        cwd=ROOT,
        env=os.environ | variables | {"PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
    )
    return said.stdout.strip().splitlines()[-1] if words[0] == "shell" else ""


def _textbook_bids_a_second(site: tuple[Web, str, str], turns: count[int]) -> float:
    web, token, url = site
    prefix = f"textbook{next(turns)}_"
    with psycopg.connect(url, autocommit=True) as line:
        line.execute(
            "INSERT INTO textbook_request (name, analysis, status, analyst)"
            " SELECT %s || n, 'exome_pipe', 'new', '' FROM generate_series(1, %s) n",
            [prefix, TEXTBOOK_BIDS],
        )
    headers = {"Host": "127.0.0.1", "Authorization": f"Token {token}"}
    body = {"analysis": "exome_pipe", "analyst": "bench@ucsf.edu", "time": 3600}
    requests = [
        ready(
            load.request(
                "POST", "/api/v1/bids", headers, json.dumps(body | {"name": f"{prefix}{n}"}).encode()
            )
        )
        for n in range(1, TEXTBOOK_BIDS + 1)
    ]
    seconds, answers = load.drive(web.port, load.dealt(requests, CONNECTIONS))
    _expect(load.statuses(answers), {200: TEXTBOOK_BIDS})
    return TEXTBOOK_BIDS / seconds


def _url() -> str:
    return os.environ["DATABASE_URL"]


def _execute(statement: str, values: Any = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _expect(found: Any, wanted: dict[int, int]) -> None:
    if dict(found) != wanted:
        raise AssertionError(f"Expected {wanted}, and met {dict(found)}.")
