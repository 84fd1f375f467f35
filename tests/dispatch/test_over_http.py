"""Many at once, over real HTTP to real workers: one winner each, and a sweep that acts once."""

from __future__ import annotations

import base64
import os
import secrets
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import httpx
import psutil
import pytest
from django.db import connections
from pytest_django import Settings

from dispatch.models import AnalysisRequest, Bid
from polyphemus_site.api.signing import etna
from tests.dispatch.calls import KEK, Program, program_of
from tests.dispatch.conftest import Submit
from tests.dispatch.waiting import wait_until
from tests.web import Web, serving

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

BIDDERS = 50
CROWD = 16
TRIES = 20


class Bidder:
    """An analyst's program with its own connection; a broken connection makes it sign and ask again."""

    def __init__(self, web: Web, program: Program, email: str) -> None:
        """Know where to ask, and as whom."""
        self.client = httpx.Client(base_url=web.url, timeout=30)
        self.program = program
        self.email = email

    def bid(self, name: str) -> tuple[int, str]:
        """Status, and the code of a refusal."""
        for _ in range(TRIES):
            try:
                answer = self._post(
                    {"analysis": "exome_pipe", "analyst": self.email, "name": name, "time": "60"}
                )
            except httpx.TransportError:
                continue
            document = answer.json() if answer.content else {"code": "empty"}
            return answer.status_code, document.get("code") or document["message"]
        raise AssertionError("The server did not come back.")

    def _post(self, body: dict[str, Any]) -> httpx.Response:
        headers = etna.sign(
            method="POST",
            host="127.0.0.1",
            path="/api/v1/bids",
            key_id=self.program.key_id,
            key=self.program.secret.encode(),
            signed=body,
            nonce=secrets.token_urlsafe(16),
            expires=datetime.now(UTC) + timedelta(minutes=2),
        )
        return self.client.post("/api/v1/bids", json=body, headers=headers)


def kill_a_worker_after_some_awards(web: Web) -> None:
    """End one of the web's workers, as a lack of memory would, once the bidding is on its way."""
    with closing(connections["default"]):
        wait_until(lambda: AnalysisRequest.objects.filter(status="running").count() >= 5)
    (main,) = [one for one in psutil.Process().children() if str(web.port) in one.cmdline()]
    os.kill(main.children()[-1].pid, signal.SIGKILL)


@pytest.fixture
def web(tmp_path: Path, settings: Settings) -> Iterator[Web]:
    variables: dict[str, Any] = {
        "POLYPHEMUS_KEK": base64.b64encode(KEK).decode(),
        "GRANIAN_RESPAWN_FAILED_WORKERS": "true",
        "GRANIAN_RESPAWN_INTERVAL": "0.1",
    }
    with serving(tmp_path, workers=2, **variables) as web:
        yield web


def crowd(web: Web, size: int) -> list[Bidder]:
    emails = [f"analyst{number}@ucsf.edu" for number in range(size)]
    return [Bidder(web, program_of(email), email) for email in emails]


def at_once(bidders: list[Bidder], act: Callable[[Bidder], Any]) -> list[Any]:
    """Let them all act in the same moment."""
    start = Barrier(len(bidders))

    def go(bidder: Bidder) -> Any:
        with bidder.client:
            start.wait()
            return act(bidder)

    with ThreadPoolExecutor(len(bidders)) as pool:
        return list(pool.map(go, bidders))


def test_of_fifty_bidders_at_once_one_gets_go_and_all_others_no(web: Web, submit: Submit) -> None:
    request = submit(name="wanted")

    answers = Counter(at_once(crowd(web, BIDDERS), lambda bidder: bidder.bid("wanted")))

    assert answers == {(HTTPStatus.OK, "go"): 1, (HTTPStatus.CONFLICT, "already_awarded"): BIDDERS - 1}
    assert Bid.objects.filter(request=request, state="accepted").count() == 1
    assert Bid.objects.filter(request=request, state="refused").count() == BIDDERS - 1


def test_every_request_has_one_winner_while_a_worker_is_killed(web: Web, submit: Submit) -> None:
    names = [submit(name=f"request_{number}").name for number in range(40)]
    bidders = crowd(web, CROWD)
    killer = Thread(target=kill_a_worker_after_some_awards, args=(web,))

    killer.start()
    answers = at_once(bidders, lambda bidder: [bidder.bid(name) for name in names])
    killer.join()

    goes = Counter(
        name
        for theirs in answers
        for name, (status, _) in zip(names, theirs, strict=True)
        if status == HTTPStatus.OK
    )
    statuses = {status for theirs in answers for status, _ in theirs}
    assert goes == dict.fromkeys(names, 1)
    assert statuses == {HTTPStatus.OK, HTTPStatus.CONFLICT}
    assert AnalysisRequest.objects.filter(status="running", award=1).count() == len(names)
