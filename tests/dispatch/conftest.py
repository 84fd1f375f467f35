"""What tests of dispatch share: requests in every state, keys, and a witness that is told what to see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from dispatch import bulk
from dispatch.models import AnalysisRequest
from dispatch.policies import Waits
from dispatch.scopes import EVERYTHING
from dispatch.services import bids, due, requests, tickets
from dispatch.services.bids import Offer
from dispatch.services.due import Report
from dispatch.services.holding import Claim
from dispatch.witness import Sight
from tests.dispatch.calls import KEK, Program, Visitor, program_of, visitor
from tests.polyphemus_site.janus.tokens import public_key

Submit = Callable[..., AnalysisRequest]
HOUR = timedelta(hours=1)
WAITS = Waits(grace_minimum=timedelta(minutes=15))


@pytest.fixture(autouse=True)
def empty_shelf() -> None:
    """Pages of a database that was rolled back are no pages of this one."""
    bulk.shelf.kept.clear()


@pytest.fixture(autouse=True)
def kek(settings: Settings) -> bytes:
    """Keys can be made."""
    settings.POLYPHEMUS_KEK = KEK
    return KEK


@pytest.fixture
def submit(db: None, requester: str, now: datetime) -> Submit:
    """Publish a request like the founding text's, with anything in it changed."""

    def publish(**changes: Any) -> AnalysisRequest:
        document: dict[str, Any] = {
            "analysis": "exome_pipe",
            "project": "dt_lung",
            "inputs": ["blood_normal.exome", "tumor.exome"],
            "requester": requester,
            "now": now,
        }
        return requests.submit(**(document | changes))

    return publish


def fresh(request: AnalysisRequest) -> AnalysisRequest:
    """The request as it now is."""
    return AnalysisRequest.objects.get(pk=request.pk)


def bid(request: AnalysisRequest, analyst: str, *, now: datetime, seconds: int = 3600) -> bids.Award:
    """Bid for it with a key that may do everything."""
    offer = Offer(name=request.name, analysis=request.analysis, analyst=analyst, seconds=seconds)
    return bids.accept(offer, scopes=EVERYTHING, now=now)


def claim_on(request: AnalysisRequest, analyst: str, award: int | None = None) -> Claim:
    """An analyst's word about it."""
    return Claim(name=request.name, analysis=request.analysis, analyst=analyst, award=award)


def send_ticket(request: AnalysisRequest, analyst: str, *, now: datetime, award: int | None = None) -> None:
    """Say it is complete."""
    tickets.submit(claim_on(request, analyst, award), scopes=EVERYTHING, now=now)


class Seer:
    """A witness that sees what it is told, and remembers what it was asked."""

    def __init__(self, sight: Sight = Sight.NOT_SEEN) -> None:
        """Start with one answer to everything."""
        self.sight = sight
        self.asked: list[list[str]] = []

    def __call__(self, requests: Sequence[AnalysisRequest]) -> dict[int, Sight]:
        """Answer for all of them at once."""
        self.asked.append([request.name for request in requests])
        return {request.pk: self.sight for request in requests}


@pytest.fixture
def seer() -> Seer:
    """Sees nothing, until it is told otherwise."""
    return Seer()


def sweep(seer: Seer, *, now: datetime) -> Report:
    """Deal with what has come due."""
    return due.sweep(witness=seer, waits=WAITS, now=now)


@pytest.fixture
def running(submit: Submit, analyst: str, now: datetime) -> AnalysisRequest:
    """Awarded at noon, due in an hour."""
    request = submit(name="running")
    bid(request, analyst, now=now)
    return fresh(request)


@pytest.fixture
def deferred(running: AnalysisRequest, seer: Seer, now: datetime) -> AnalysisRequest:
    """Not done after its hour, the tenth, and the longer wait."""
    sweep(seer, now=now + HOUR)
    sweep(seer, now=now + HOUR + timedelta(minutes=6))
    sweep(seer, now=now + HOUR + timedelta(minutes=36))
    return fresh(running)


@pytest.fixture
def archived(running: AnalysisRequest, analyst: str, now: datetime) -> AnalysisRequest:
    """Ended by its analyst's ticket."""
    send_ticket(running, analyst, now=now)
    return fresh(running)


@pytest.fixture
def janus(settings: Settings) -> None:
    """Tokens of the tests' Janus are believed."""
    settings.POLYPHEMUS_JANUS_PUBLIC_KEY = public_key()
    settings.POLYPHEMUS_JANUS_URL = ""
    settings.POLYPHEMUS_URL = "http://127.0.0.1"
    settings.ALLOWED_HOSTS = ["127.0.0.1"]


@pytest.fixture
def program(janus: None, db: None, analyst: str) -> Program:
    """The analyst's."""
    return program_of(analyst)


@pytest.fixture
def rivals_program(janus: None, db: None, rival: str) -> Program:
    """The rival's."""
    return program_of(rival)


@pytest.fixture
def doctor(janus: None, db: None, requester: str) -> Visitor:
    """The requester, an editor of dt_lung."""
    return visitor(requester)
