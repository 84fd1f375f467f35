"""The program as an analyst starts it, against the real server over real HTTP."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from dispatch.models import AnalysisRequest
from dispatch.services import keys, messages
from dispatch.services.keys import NewKey
from polyphemus_analyst.client import Dispatch
from polyphemus_analyst.executors.local import Local
from polyphemus_analyst.journal import Journal
from polyphemus_analyst.signing import Key
from polyphemus_analyst.working import Analyst, Plan
from tests.analyst.lives import finish

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def work(
    address: str, server_key: NewKey, scheme: str, analyst: str, tmp_path: Path
) -> Callable[..., subprocess.CompletedProcess[str]]:
    secret = tmp_path / "secret"
    secret.write_text(server_key.secret)
    secret.chmod(0o600)

    def begin(command: str, *more: str) -> subprocess.CompletedProcess[str]:
        words = [
            "--url",
            address,
            "--key-id",
            server_key.key.pk,
            "--secret-file",
            str(secret),
            "--analyst",
            analyst,
        ]
        words += ["--analysis", "exome_pipe", "--command", command, "--estimate", "3600", "--once"]
        return subprocess.run(  # noqa: S603 — the program itself
            [sys.executable, "-m", "polyphemus_analyst", "run", *words, *more],
            env=os.environ | {"POLYPHEMUS_ANALYST_HOME": str(tmp_path / "home"), "POLYPHEMUS_SCHEME": scheme},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return begin


Work = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize("scheme", ["etna-v1", "rfc9421-v1"])
def test_an_open_request_is_done_and_archived(published: AnalysisRequest, work: Work, analyst: str) -> None:
    done = work("grep -q mapping {params} && grep -q tumor.exome {sheet}")

    assert done.returncode == 0, done.stderr
    published.refresh_from_db()
    assert (published.status, published.outcome, published.analyst) == ("archived", "ticket", analyst)
    assert published.estimate_seconds == 3600


def test_what_fails_is_open_again_with_its_reason(published: AnalysisRequest, work: Work) -> None:
    done = work("echo no space left; exit 28")

    assert done.returncode == 3, done.stderr
    published.refresh_from_db()
    assert published.status == "new"
    assert published.events.filter(kind="released", note__contains="28: no space left").exists()


def test_what_was_given_back_is_not_taken_again(published: AnalysisRequest, work: Work) -> None:
    work("exit 1")

    again = work("true")

    assert again.returncode == 0, again.stderr
    published.refresh_from_db()
    assert published.status == "new"


def test_nothing_open_is_no_failure(work: Work) -> None:
    assert work("true").returncode == 0


def test_a_key_that_was_revoked_is_told(
    published: AnalysisRequest, work: Work, server_key: NewKey, now: datetime
) -> None:
    keys.revoke(server_key.key, actor="test", now=now)

    done = work("true")

    assert done.returncode == 1
    assert done.stderr.endswith(f"does not accept the key {server_key.key.pk}.\n")


@pytest.mark.parametrize("scheme", ["etna-v1", "rfc9421-v1"])
def test_analyst_and_requester_write_to_each_other(
    published: AnalysisRequest,
    address: str,
    server_key: NewKey,
    scheme: str,
    analyst: str,
    requester: str,
    now: datetime,
) -> None:
    key = Key(id=server_key.key.pk, secret=server_key.secret.encode(), scheme=scheme)
    dispatch = Dispatch(address, key)
    dispatch.bid(analysis="exome_pipe", name=published.name, seconds=60, analyst=analyst)
    published.refresh_from_db()

    messages.say(published, "Which reference?", actor=requester, side=messages.PEOPLE, now=now)
    dispatch.say(published.name, "hg38")

    thread = [(one.author, one.side, one.text) for one in dispatch.messages(published.name)]
    dispatch.http.close()
    assert thread == [(requester, "people", "Which reference?"), (analyst, "analyst", "hg38")]


class Forgetful(httpx.HTTPTransport):
    """A network that loses the answer to the first bid, when the server has long acted on it."""

    lost = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle_request(request)
        if request.url.path.endswith("/bids") and not self.lost:
            self.lost = True
            answer.close()
            raise httpx.ReadError("cut off", request=request)
        return answer


def test_a_winner_that_never_heard_so_does_the_work(
    published: AnalysisRequest, address: str, server_key: NewKey, analyst: str, journal: Journal
) -> None:
    key = Key(id=server_key.key.pk, secret=server_key.secret.encode())
    network = Forgetful()
    with httpx.Client(transport=network) as http:
        dispatch = Dispatch(address, key, http=http, sleep=lambda _: None)
        plan = Plan(analysis="exome_pipe", command="true", estimate=3600, analyst=analyst)
        at_work = Analyst(plan, dispatch, journal, Local(), say=lambda *_: None)

        at_work.take_up()
        finish(at_work)

    published.refresh_from_db()
    assert network.lost
    assert (published.status, published.outcome, published.bids.count()) == ("archived", "ticket", 1)
