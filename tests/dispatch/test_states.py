"""The machine of states: every pair of statuses, driven through the services, and its drawing."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from django.db import transaction

from dispatch.models import AnalysisRequest
from dispatch.scopes import EVERYTHING
from dispatch.services import extensions, requests
from dispatch.services import help as helping
from dispatch.states import MOVES, TONES, RequestStatus
from dispatch.witness import Sight
from polyphemus_site.errors import PolyphemusError
from tests.dispatch.conftest import HOUR, Seer, Submit, bid, claim_on, fresh, send_ticket, sweep

NEW, RUNNING, DEFERRED, ARCHIVED = "new", "running", "deferred", "archived"
STATUSES = (NEW, RUNNING, DEFERRED, ARCHIVED)

#: Written by hand from the founding text and the contract; never from the table it is to judge.
LEGAL = {
    (NEW, RUNNING),
    (NEW, ARCHIVED),
    (RUNNING, NEW),
    (RUNNING, DEFERRED),
    (RUNNING, ARCHIVED),
    (DEFERRED, NEW),
    (DEFERRED, RUNNING),
    (DEFERRED, ARCHIVED),
}
DRAWING = Path(__file__).parents[2] / "docs" / "explanations" / "dispatch.md"
ANALYST = "saurabh.asthana@ucsf.edu"
REQUESTER = "dr.who@ucsf.edu"
Act = Callable[[AnalysisRequest, datetime], object]


def _in_status(status: str, submit: Submit, now: datetime) -> AnalysisRequest:
    """A request that came to this status by the services alone."""
    request = submit()
    PATHS[status](request, now)
    return fresh(request)


def _award(request: AnalysisRequest, now: datetime) -> None:
    bid(request, ANALYST, now=now)


def _defer(request: AnalysisRequest, now: datetime) -> None:
    _award(request, now)
    _let_it_pass(request, now)


def _let_it_pass(request: AnalysisRequest, now: datetime) -> None:
    sweep(Seer(), now=now + HOUR)
    sweep(Seer(), now=now + 2 * HOUR)
    sweep(Seer(), now=now + 4 * HOUR)


def _cancel(request: AnalysisRequest, now: datetime) -> None:
    requests.cancel(request, actor=REQUESTER, now=now)


def _stay(request: AnalysisRequest, now: datetime) -> None:
    """Published and left alone."""


PATHS: dict[str, Act] = {NEW: _stay, RUNNING: _award, DEFERRED: _defer, ARCHIVED: _cancel}

#: Everything anybody may try in order to bring a request to a status.
TRIES: dict[str, tuple[Act, ...]] = {
    NEW: (
        lambda request, now: extensions.release(
            claim_on(request, ANALYST), reason="x", scopes=EVERYTHING, now=now
        ),
        lambda request, now: helping.lapse(request, now=now),
    ),
    RUNNING: (
        lambda request, now: bid(request, ANALYST, now=now),
        lambda request, now: extensions.grant(request, seconds=60, actor=REQUESTER, now=now),
    ),
    DEFERRED: (_let_it_pass,),
    ARCHIVED: (
        _cancel,
        lambda request, now: send_ticket(request, ANALYST, now=now),
        lambda request, now: requests.note_output_seen([request.pk], now),
    ),
}


def _try_everything(request: AnalysisRequest, target: str, now: datetime) -> set[str]:
    """The statuses reached when each act that aims at `target` is tried from where the request is."""
    return {_try(request, act, now) for act in TRIES[target]}


def _try(request: AnalysisRequest, act: Act, now: datetime) -> str:
    with transaction.atomic():
        with suppress(PolyphemusError):
            act(fresh(request), now)
        reached = fresh(request).status
        transaction.set_rollback(True)
    return reached


PAIRS = [pair for pair in product(STATUSES, repeat=2) if pair[0] != pair[1]]


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_every_pair_of_statuses_is_legal_or_impossible(
    submit: Submit, now: datetime, source: str, target: str
) -> None:
    request = _in_status(source, submit, now)

    reached = _try_everything(request, target, now + timedelta(minutes=1))

    assert (target in reached) is ((source, target) in LEGAL)


def test_the_table_of_moves_is_the_legal_set() -> None:
    table = {(source.value, target.value) for source, targets in MOVES.items() for target in targets}

    assert table == LEGAL


def test_the_drawing_shows_the_table_of_moves() -> None:
    drawing = DRAWING.read_text(encoding="utf-8").split("```mermaid")[1].split("```")[0]

    arrows = set(re.findall(r"^\s*(\w+) --> (\w+)\b", drawing, re.MULTILINE))

    assert arrows == LEGAL


def test_every_status_has_its_tone() -> None:
    assert set(TONES) == set(RequestStatus)


@pytest.mark.parametrize("sight", list(Sight))
def test_no_sight_brings_an_archived_request_back(
    archived: AnalysisRequest, now: datetime, sight: Sight
) -> None:
    sweep(Seer(sight), now=now + timedelta(days=1))

    assert fresh(archived).status == "archived"
