"""A worker killed before each of its statements in turn: the next one ends what it began, once."""

from __future__ import annotations

import base64
import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings

from dispatch.due import decide
from dispatch.models import AnalysisRequest, RequestEvent
from dispatch.policies import Waits
from dispatch.services import due
from dispatch.services import help as helping
from dispatch.webhooks.models import Delivery, EventToTell
from dispatch.webhooks.services import endpoints
from dispatch.witness import Sight
from polyphemus_site.mail.models import Notice
from tests import web
from tests.dispatch.calls import KEK, program_of, server_time
from tests.dispatch.conftest import Submit, bid, fresh, send_ticket
from tests.dispatch.machine import laws
from tests.dispatch.machine.world import NOWHERE, sweeping

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

KILLED = -9
#: More statements than a sweep of these few requests makes; the last kills come too late.
MOST = 110


@pytest.fixture
def sweeper(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    environment = {
        "DATABASE_URL": web.tests_database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "POLYPHEMUS_KEK": base64.b64encode(KEK).decode(),
        "POLYPHEMUS_MAGMA_TOKEN": "nobody.asks.it",
        "POLYPHEMUS_GRACE_MINIMUM_SECONDS": "1",
    }
    with sweeping(tmp_path, environment) as process:
        yield process


def sweep(sweeper: subprocess.Popen[str], kill_after: int | None) -> int:
    """How one sweep ended."""
    assert sweeper.stdin is not None
    assert sweeper.stdout is not None
    sweeper.stdin.write(json.dumps({"sweeps": [{"kill_after": kill_after, "magma": NOWHERE}]}) + "\n")
    sweeper.stdin.flush()
    (end,) = json.loads(sweeper.stdout.readline())
    return int(end)


def at_each_stage(submit: Submit, analyst: str, requester: str) -> dict[str, AnalysisRequest]:
    """One request whose next step has come for each step there is, long ago enough for none to be timely."""
    now = server_time()
    made = {name: submit(name=name, now=now) for name in ("due", "tenth", "grace", "help", "ticket", "open")}
    for name in ("due", "tenth", "grace", "help"):
        bid(made[name], analyst, now=now - timedelta(hours=1), seconds=10)
    bid(made["ticket"], analyst, now=now, seconds=3600)
    send_ticket(made["ticket"], analyst, now=now)
    for minutes, names in {50: ("tenth", "grace", "help"), 40: ("grace", "help"), 30: ("help",)}.items():
        step_on([made[name] for name in names], now=now - timedelta(minutes=minutes))
    asked = helping.ask(fresh(made["help"]), actor=requester, waits=Waits(), now=now - timedelta(days=4))
    assert asked.wake_at is not None
    return made


def step_on(requests: list[AnalysisRequest], *, now: datetime) -> None:
    """Take these, and no others, through the step that is due by then."""
    waits = Waits(grace_minimum=timedelta(seconds=1))
    rows = [fresh(request) for request in requests]
    due.apply([decide(row, Sight.NOT_SEEN, waits=waits, now=now) for row in rows], now=now)


def test_killed_before_any_statement_nothing_is_lost_or_done_twice(
    submit: Submit, analyst: str, requester: str, sweeper: subprocess.Popen[str]
) -> None:
    program_of(analyst)
    endpoints.create(owner=requester, url="https://example.org/", kek=KEK, actor="t", now=server_time())
    made = at_each_stage(submit, analyst, requester)

    ends = [sweep(sweeper, number) for number in range(1, MOST)]
    last = sweep(sweeper, None)

    assert ends.index(0) > 10
    assert set(ends) == {0, KILLED}
    assert last == 0
    for request in made.values():
        laws.keep(fresh(request))
    kinds = Counter(RequestEvent.objects.values_list("kind", flat=True))
    assert (kinds["lapsed"], kinds["verified"]) == (1, 1)
    assert Notice.objects.filter(kind="request_deferred").count() == kinds["deferred"]
    assert not EventToTell.objects.exists()
    told = Counter(Delivery.objects.values_list("event", flat=True))
    assert set(told.values()) == {1}
