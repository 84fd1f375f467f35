"""Three real workers and two real beats over one database: what comes due happens once, and in time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings

from dispatch.models import AnalysisRequest, RequestEvent
from polyphemus_site.mail.models import Notice
from tests import web
from tests.dispatch.calls import program_of, server_time
from tests.dispatch.conftest import Submit, bid
from tests.dispatch.waiting import wait_until

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

REQUESTS = 25
#: Within so many seconds of its instant a due date is acted upon.
IN_TIME = timedelta(seconds=5)


def queue_of_its_own() -> str:
    """The tests' Redis, in a database nobody else puts tasks in."""
    return urlunsplit(urlsplit(settings.REDIS_URL)._replace(path="/9"))


@pytest.fixture
def workers_and_beats(tmp_path: Path) -> Iterator[None]:
    environment = os.environ | {
        "DATABASE_URL": web.tests_database_url(),
        "REDIS_URL": queue_of_its_own(),
        "POLYPHEMUS_GRACE_MINIMUM_SECONDS": "1",
        "POLYPHEMUS_EMAIL_URL": "dummymail://",
    }
    commands = [
        ["worker", "--concurrency", "1", "--hostname", "one@%h"],
        ["worker", "--concurrency", "1", "--hostname", "two@%h"],
        ["worker", "--concurrency", "1", "--hostname", "three@%h"],
        ["beat"],
        ["beat", "--pidfile="],
    ]
    with ExitStack() as stack:
        for number, command in enumerate(commands):
            log = stack.enter_context((tmp_path / f"{number}.log").open("wb"))
            full = [sys.executable, "-m", "celery", "-A", "polyphemus_site", *command]
            process = stack.enter_context(
                subprocess.Popen(full, cwd=web.ROOT, env=environment, stdout=log, stderr=log)  # noqa: S603 — our own
            )
            stack.callback(process.terminate)
        yield


def test_each_step_of_a_request_nobody_finishes_is_taken_once(
    submit: Submit, analyst: str, workers_and_beats: None
) -> None:
    program_of(analyst)  # somebody may do it, so nothing is flagged
    made = [submit(name=f"request_{number}") for number in range(REQUESTS)]
    awards = [bid(request, analyst, now=server_time(), seconds=1) for request in made]

    wait_until(lambda: AnalysisRequest.objects.filter(status="deferred").count() == len(awards))

    kinds = Counter(RequestEvent.objects.values_list("kind", flat=True))
    assert kinds == dict.fromkeys(("submitted", "awarded", "extended", "grace", "deferred"), REQUESTS)
    assert Counter(Notice.objects.values_list("kind", flat=True)) == {"request_deferred": REQUESTS}


def test_a_due_date_is_acted_upon_within_seconds(
    submit: Submit, analyst: str, workers_and_beats: None
) -> None:
    awake = submit(name="awake")
    bid(awake, analyst, now=server_time(), seconds=1)
    wait_until(lambda: RequestEvent.objects.filter(request=awake, kind="extended").exists())

    request = submit(name="watched")
    award = bid(request, analyst, now=server_time(), seconds=3)
    wait_until(lambda: RequestEvent.objects.filter(request=request, kind="extended").exists())

    acted_at = RequestEvent.objects.get(request=request, kind="extended").at
    assert award.due_at is not None
    assert timedelta(0) <= acted_at - award.due_at <= IN_TIME
