"""Dispatch against its floors: bid, poll, list and sweep, in CPU of this process and its backend.

Calls go through the whole WSGI application in this process, signatures included.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from random import Random
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection
from django.test import RequestFactory

from dispatch import policies
from dispatch.listing import LISTING
from dispatch.services import due
from dispatch.witness import no_check
from polyphemus_site.api import pages
from polyphemus_site.short_way import Application
from tests.bench.analysts import HOST, KEK, Analyst
from tests.bench.computing import both_cpu, cpu_with_backend
from tests.bench.results import Row, paired

#: There is such a row whichever backend makes the requests.
FIRST_REVISION = "INSERT INTO dispatch_revision (slot, changes) VALUES (1, 1) ON CONFLICT DO NOTHING"
REVISION_ROW = "SELECT changes FROM dispatch_revision WHERE slot = %s"
CALLS = 300
#: How the names begin of a million open requests.
MILLION = "million_"
FILL = """
INSERT INTO dispatch_analysisrequest (name, project, analysis, requester, requested_at, config, loader,
  loader_version, status, analyst, award, estimate_seconds, started_at, due_at, due_stage, granted_seconds,
  outcome, verification, blind_looks, wake_at)
SELECT %(prefix)s || n, 'dt_lung', 'exome_pipe', 'dr.who@ucsf.edu', now(),
  '{"project":"dt_lung","inputs":["blood_normal.exome","tumor.exome"]}', '', '', 'new', '', 0, NULL, NULL,
  NULL, '', 0, '', '', 0, NULL
  FROM generate_series(1, %(rows)s) AS n
"""
AWARD = """
UPDATE dispatch_analysisrequest SET status = 'running', analyst = 'bench@ucsf.edu', award = 1,
  estimate_seconds = 3600, started_at = now(), due_at = now() + %(due)s, due_stage = 'estimate',
  wake_at = now() + %(due)s WHERE status = 'new'
"""
FIRST_THOUSAND = "SELECT id FROM dispatch_analysisrequest WHERE status = 'running' ORDER BY id LIMIT 1000"
#: What a claim and a bid need and nothing besides; `rates` measures by the same tables.
BARE_TABLES = """
CREATE TABLE IF NOT EXISTS bare_request
  (id bigserial PRIMARY KEY, name text UNIQUE, status text, analyst text);
CREATE TABLE IF NOT EXISTS bare_bid (id bigserial PRIMARY KEY, request_id bigint UNIQUE, analyst text)
"""
BARE_FILL = """
INSERT INTO bare_request (name, status) SELECT %(prefix)s || n, 'new' FROM generate_series(1, %(rows)s) AS n
"""
BARE_CLAIM = """
WITH won AS (UPDATE bare_request SET status = 'running', analyst = %(analyst)s
              WHERE name = %(name)s AND status = 'new' RETURNING id)
INSERT INTO bare_bid (request_id, analyst) SELECT id, %(analyst)s FROM won RETURNING id
"""
#: The same on tables of the columns, indexes and constraints of ours: what keeping these costs is in both.
TWIN_TABLES = """
CREATE TABLE twin_request (LIKE dispatch_analysisrequest INCLUDING ALL);
CREATE TABLE twin_bid (LIKE dispatch_bid INCLUDING ALL)
"""
TWIN_FILL = FILL.replace("dispatch_analysisrequest", "twin_request")
TWIN_CLAIM = """
WITH won AS (UPDATE twin_request SET status = 'running', analyst = %(analyst)s, award = award + 1,
                    estimate_seconds = 3600, started_at = %(now)s, due_at = %(due_at)s,
                    due_stage = 'estimate', wake_at = %(due_at)s
              WHERE lower(name) = lower(%(name)s) AND name = %(name)s AND status = 'new'
             RETURNING id, award)
INSERT INTO twin_bid (request_id, analyst, key_id, estimate_seconds, bid_at, state, code, award)
SELECT id, %(analyst)s, '', 3600, %(now)s, 'accepted', '', award FROM won RETURNING request_id
"""
JSON_AGG = """
SELECT json_agg(json_build_object('analysis', analysis, 'requester', requester, 'name', name, 'request-date',
  to_char(requested_at AT TIME ZONE 'UTC', 'YYYY-MM-DD@HH24:MI'), 'status', status, 'config', config)
  ORDER BY id)::text FROM dispatch_analysisrequest WHERE status = 'new'
"""


def rows() -> Iterator[Row]:
    """Every figure of dispatch that one process can measure."""
    settings.POLYPHEMUS_KEK = KEK
    settings.POLYPHEMUS_URL = "http://127.0.0.1"
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    settings.POLYPHEMUS_CALLS_PER_MINUTE = 10**9
    connection.close()
    connection.settings_dict["CONN_MAX_AGE"] = None  # one backend, whose time is counted
    site, bare = Site(), Bare()
    _execute("SET synchronous_commit = off")
    _execute(FIRST_REVISION)
    yield from _polls(site, bare)
    yield from _lists(site)
    yield from _bids(site, bare)
    yield from _sweeps()


class Site:
    """The WSGI application, and an analyst that signs calls to it beforehand."""

    def __init__(self, email: str = "bench@ucsf.edu") -> None:
        """Make the key."""
        self.analyst = Analyst(email)
        self.application: Callable[..., Any] = Application()

    def call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        query: dict[str, str] | None = None,
        etag: str = "",
    ) -> dict[str, Any]:
        """One signed call, ready to be made."""
        signed = self.analyst.headers(method, path, body or query or {})
        headers = {"Host": HOST, **signed, **({"If-None-Match": etag} if etag else {})}
        factory = RequestFactory()
        if body is None:
            return dict(factory.get(path, query, headers=headers).environ)
        made = factory.post(path, body, content_type="application/json", headers=headers)
        return dict(made.environ)

    def make(self, environ: dict[str, Any], application: Any = None) -> tuple[int, dict[str, str]]:
        """Make the call; its status and headers."""
        seen: list[Any] = []
        answer = (application or self.application)(environ, lambda *head: seen.append(head))
        b"".join(answer)
        getattr(answer, "close", lambda: None)()
        status, headers = seen[0]
        return int(status.split(" ")[0]), dict(headers)


def _execute(statement: str, values: Any = None) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else None


def _bids(site: Site, bare: Bare) -> Iterator[Row]:
    """Each side has a million open requests, and takes the same of them in an order of chance."""
    bare.execute(BARE_TABLES)
    bare.execute(TWIN_TABLES)
    for fill in (BARE_FILL, TWIN_FILL):
        bare.execute(fill, prefix=MILLION, rows=1_000_000)
    for table in ("dispatch_analysisrequest", "bare_request", "twin_request"):
        bare.execute(f"VACUUM ANALYZE {table}")
    rival, won, held = Site("rival@ucsf.edu"), list[list[str]](), list[list[str]]()
    taken = Random(7).sample(range(1, 1_000_001), 25 * CALLS)

    def ours(turns: Iterator[int]) -> float:
        body = {"analysis": "exome_pipe", "analyst": site.analyst.email, "time": "3600"}
        names = [f"{MILLION}{number}" for number in islice(turns, CALLS)]
        won.append(names)
        held.append(names)
        calls = [site.call("POST", "/api/v1/bids", {**body, "name": name}) for name in names]
        return both_cpu(lambda: _expect(200, [site.make(call)[0] for call in calls])) / CALLS

    def lost() -> float:
        body = {"analysis": "exome_pipe", "analyst": rival.analyst.email, "time": "3600"}
        calls = [rival.call("POST", "/api/v1/bids", {**body, "name": name}) for name in won.pop(0)]
        return both_cpu(lambda: _expect(409, [rival.make(call)[0] for call in calls])) / CALLS

    def ended() -> float:
        body = {"analysis": "exome_pipe"}
        calls = [site.call("POST", "/api/v1/tickets", {**body, "name": name}) for name in held.pop(0)]
        return both_cpu(lambda: _expect(200, [site.make(call)[0] for call in calls])) / CALLS

    def floor(claim: str, turns: Iterator[int]) -> float:
        now = datetime.now(UTC)
        given = {"analyst": site.analyst.email, "now": now, "due_at": now + timedelta(hours=1)}
        claims = [{**given, "name": f"{MILLION}{number}"} for number in islice(turns, CALLS)]
        return bare.cpu(lambda: [bare.execute(claim, **values) for values in claims]) / CALLS

    how = (
        f"{CALLS} signed bids through the WSGI application, CPU, over a bare claim+bid statement, prepared;"
        " a million open requests on either side, taken in an order of chance"
    )
    bids = partial(ours, iter(taken))
    bares, twins = partial(floor, BARE_CLAIM, iter(taken)), partial(floor, TWIN_CLAIM, iter(taken))
    yield paired("bid_cpu_over_bare_claim", bids, bares, limit=2.5, how=how)
    how += ", on tables of the same columns, indexes and constraints, without triggers and history"
    yield paired("bid_cpu_over_claim_on_twins", bids, twins, limit=2.5, how=how)
    how = f"{CALLS} signed bids for what others hold, each kept and answered 409, over as many that win, CPU"
    logging.getLogger("django.request").setLevel(logging.ERROR)  # a line for each refusal, otherwise
    yield paired("losing_bid_over_winning", lost, bids, limit=1, how=how)
    how = f"{CALLS} signed tickets, each of which owes its requester the news, over as many bids, CPU"
    yield paired("ticket_over_bid", ended, bids, limit=1.5, how=how)


class Bare:
    """What a program at least does: a prepared statement, and for a poll a WSGI application around it."""

    def __init__(self) -> None:
        """A connection of its own, which prepares its statements."""
        self.line = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
        self.line.execute("SET synchronous_commit = off")

    def execute(self, statement: str, **values: Any) -> list[Any]:
        """Run it, prepared if it has values, and fetch what it gives."""
        ran = self.line.execute(statement, values or None, prepare=bool(values))
        return ran.fetchall() if ran.description else []

    def cpu(self, action: Callable[[], object]) -> float:
        """Seconds this process and the connection's backend compute."""
        return cpu_with_backend(action, self.line.info.backend_pid)

    def poll(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        """A bare WSGI application: the revision by one SELECT, and 304 where the caller has it."""
        found = self.line.execute(REVISION_ROW, [1], prepare=True).fetchone()
        tag = f'"{found}"'
        if environ.get("HTTP_IF_NONE_MATCH") != tag:
            start_response("200 OK", [("ETag", tag)])
            return [b"{}"]
        start_response("304 Not Modified", [("ETag", tag)])
        return [b""]


def _polls(site: Site, bare: Bare) -> Iterator[Row]:
    _execute(AWARD, {"due": timedelta(days=9)})
    _execute(FILL, {"prefix": "hundred_", "rows": 100})
    how = f"{CALLS} signed polls, CPU, over those of a bare WSGI application with one prepared SELECT"
    floor = partial(_bare_poll, site, bare)
    yield paired("poll_304_cpu_over_bare", lambda: _poll(site), floor, limit=4, how=how)
    few = [_poll(site) for _ in range(5)]
    _execute(FILL, {"prefix": "many_", "rows": 9900})
    many = [_poll(site) for _ in range(5)]
    ratio = min(many) / min(few)
    yield Row(
        name="poll_304_10k_over_100",
        value=min(many),
        floor=min(few),
        ratio=ratio,
        limit=1.2,
        ok=ratio <= 1.2,
        how="304 with 10,000 open requests over 304 with 100; the least of five",
    )


def _poll(site: Site) -> float:
    _, headers = site.make(site.call("GET", "/api/v1/requests"))
    calls = [site.call("GET", "/api/v1/requests", etag=headers["ETag"]) for _ in range(CALLS)]
    return both_cpu(lambda: _expect(304, [site.make(call)[0] for call in calls])) / CALLS


def _bare_poll(site: Site, bare: Bare) -> float:
    """The same calls to the bare application, in the same way."""
    tag = site.make(site.call("GET", "/api/v1/requests"), bare.poll)[1]["ETag"]
    calls = [site.call("GET", "/api/v1/requests", etag=tag) for _ in range(CALLS)]
    return bare.cpu(lambda: _expect(304, [site.make(call, bare.poll)[0] for call in calls])) / CALLS


def _lists(site: Site) -> Iterator[Row]:
    other = Site("other@ucsf.edu")
    first, second = partial(_first_read, site, limit="10000"), partial(_read, other, limit="10000")
    how = "a signed read of 10,000 open requests through the WSGI application, over one json_agg"
    json_agg = partial(both_cpu, partial(_execute, JSON_AGG))
    yield paired("list_10k_over_json_agg", first, json_agg, limit=3, how=how)
    how = "the same page again, to another analyst at the same revision"
    yield paired("list_10k_second_reader", second, first, limit=0.1, how=how)
    _execute(FILL, {"prefix": MILLION, "rows": 1_000_000})
    _execute("ANALYZE dispatch_analysisrequest")
    ((middle,),) = _execute("SELECT max(id) - 300000 FROM dispatch_analysisrequest")
    deep = partial(_first_read, site, after=pages.encode(LISTING, middle))
    how = "a signed read of 1,000 deep in a million open requests, over that of the first 1,000"
    yield paired("page_n_over_page_1", deep, partial(_first_read, site), limit=1.5, how=how)


def _first_read(site: Site, **query: str) -> float:
    """A page that nobody has read since something changed."""
    _execute("UPDATE dispatch_revision SET changes = changes + 1 WHERE slot = 1")
    return _read(site, **query)


def _read(site: Site, **query: str) -> float:
    call = site.call("GET", "/api/v1/requests", query=query)
    return both_cpu(lambda: _expect(200, [site.make(call)[0]]))


def _sweeps() -> Iterator[Row]:
    _execute("DELETE FROM dispatch_analysisrequest WHERE status = 'new'")  # those that were bid for stay
    _execute(FILL, {"prefix": "idle_", "rows": 30_000})
    _execute(AWARD, {"due": timedelta(days=30)})
    few = min(_idle_sweep() for _ in range(9))
    _execute(FILL, {"prefix": "busy_", "rows": 2_970_000})
    _execute(AWARD, {"due": timedelta(days=30)})
    _execute("ANALYZE dispatch_analysisrequest")
    many = min(_idle_sweep() for _ in range(9))
    yield Row(
        name="sweep_idle_3m_over_30k",
        value=many,
        floor=few,
        ratio=many / few,
        limit=2,
        ok=many / few <= 2 and many <= 0.01,
        how="a sweep with nothing due at 3M running requests over one at 30k, CPU; and at most 10 ms",
    )
    yield paired(
        "sweep_row_over_update", _due_rows, _bare_update, limit=4, how="1,000 due rows in a sweep, for each"
    )


def _sweep() -> due.Report:
    return due.sweep(witness=no_check, waits=policies.waits(), now=datetime.now(UTC))


def _idle_sweep() -> float:
    return both_cpu(_sweep)


def _make_due() -> None:
    _execute(
        "UPDATE dispatch_analysisrequest SET due_at = now(), wake_at = now(), due_stage = 'estimate'"
        " WHERE id IN (" + FIRST_THOUSAND + ")"
    )


def _due_rows() -> float:
    _make_due()
    return both_cpu(_sweep) / 1000


def _bare_update() -> float:
    statement = (
        "UPDATE dispatch_analysisrequest SET due_at = due_at + interval '6 minutes'"
        " WHERE id IN (" + FIRST_THOUSAND + ")"
    )
    return both_cpu(lambda: _execute(statement)) / 1000


def _expect(status: int, statuses: list[int]) -> None:
    if set(statuses) != {status}:
        raise AssertionError(f"Expected {status} alone, and met {sorted(set(statuses))}.")
