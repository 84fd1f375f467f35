"""Whom an event concerns, and that none is lost or told twice."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from dispatch.models import AnalysisRequest
from dispatch.policies import Waits
from dispatch.scopes import EVERYTHING, Scope
from dispatch.services import extensions, keys, messages, requests
from dispatch.services import help as helping
from dispatch.webhooks.models import Delivery, EventToTell
from dispatch.webhooks.services import endpoints
from tests.dispatch.calls import KEK
from tests.dispatch.conftest import HOUR, Seer, Submit, bid, claim_on, send_ticket, sweep
from tests.dispatch.webhooks.conftest import Make, tell


def told(owner: str) -> list[str]:
    """The types of events owed to an owner, in order."""
    owed = Delivery.objects.filter(endpoint__owner=owner).order_by("event_id")
    return list(owed.values_list("type", flat=True))


def key(analyst: str, *scopes: Scope, now: datetime) -> None:
    keys.create(analyst=analyst, scheme="etna-v1", scopes=scopes, kek=KEK, actor="t", now=now)


class TestConcerned:
    def test_requester_and_holder_hear_of_a_whole_life(
        self, endpoint: Make, submit: Submit, seer: Seer, requester: str, analyst: str, now: datetime
    ) -> None:
        endpoint(requester)
        endpoint(analyst)

        request = submit(name="lived")
        bid(request, analyst, now=now)
        request.refresh_from_db()
        messages.say(request, "hello", actor=requester, side="people", now=now)
        send_ticket(request, analyst, now=now)
        sweep(seer, now=now)
        tell(now)

        ends = ["request.archived", "request.verified"]
        assert told(requester) == ["request.opened", "request.awarded", *ends]
        assert told(analyst) == ["request.awarded", "request.message", *ends]

    def test_a_deferral_and_a_call_for_help_reach_the_holder(
        self, endpoint: Make, submit: Submit, seer: Seer, requester: str, analyst: str, now: datetime
    ) -> None:
        endpoint(analyst)
        request = submit(name="slow")
        bid(request, analyst, now=now)
        for minutes in (60, 66, 96):
            sweep(seer, now=now + timedelta(minutes=minutes))
        request.refresh_from_db()
        helping.ask(request, actor=requester, waits=Waits(), now=now + HOUR * 2)
        tell(now)

        assert told(analyst) == [
            "request.awarded",
            "request.extended",
            "request.deferred",
            "request.help_asked",
        ]

    def test_open_work_is_told_to_whoever_may_bid(
        self, endpoint: Make, submit: Submit, analyst: str, rival: str, outsider: str, now: datetime
    ) -> None:
        for owner in (analyst, rival, outsider):
            endpoint(owner)
        key(analyst, Scope("dt_lung", "exome_pipe", "bid"), now=now)
        key(rival, Scope("dt_lung", "exome_pipe", "read"), now=now)
        key(outsider, Scope("labors", "*"), now=now)

        submit()
        tell(now)

        assert (told(analyst), told(rival), told(outsider)) == (["request.opened"], [], [])

    def test_what_a_former_holder_gave_back_is_no_more_theirs(
        self, endpoint: Make, submit: Submit, analyst: str, rival: str, now: datetime
    ) -> None:
        endpoint(analyst)
        request = submit(name="moved")
        bid(request, analyst, now=now)
        extensions.release(claim_on(request, analyst), reason="x", scopes=EVERYTHING, now=now)
        bid(request, rival, now=now)
        send_ticket(request, rival, now=now)
        tell(now)

        assert told(analyst) == ["request.awarded", "request.released"]

    def test_only_the_types_an_endpoint_wants_are_told(
        self, endpoint: Make, submit: Submit, requester: str, now: datetime
    ) -> None:
        endpoint(requester, "request.cancelled")
        request = submit()
        requests.cancel(request, actor=requester, now=now)
        tell(now)

        assert told(requester) == ["request.cancelled"]


class TestNotes:
    def test_without_an_endpoint_nothing_is_noted(self, submit: Submit) -> None:
        submit()

        assert not EventToTell.objects.exists()

    def test_telling_twice_owes_once(
        self, endpoint: Make, submit: Submit, requester: str, now: datetime
    ) -> None:
        endpoint(requester)
        submit()

        assert (tell(now), tell(now)) == (1, 0)

    def test_a_run_that_dies_in_between_loses_nothing(
        self,
        endpoint: Make,
        submit: Submit,
        requester: str,
        now: datetime,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        endpoint(requester)
        submit()

        def die(*_: Any, **__: Any) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(EventToTell.objects, "filter", die)
            with pytest.raises(KeyboardInterrupt):
                tell(now)

        assert not Delivery.objects.exists()
        assert tell(now) == 1

    def test_a_paused_endpoint_is_owed_nothing(
        self, endpoint: Make, submit: Submit, requester: str, now: datetime
    ) -> None:
        made = endpoint(requester).endpoint
        endpoints.pause(made, actor="t", now=now)
        submit()
        endpoints.resume(made, actor="t", now=now)

        assert tell(now) == 0


class TestBody:
    def test_it_names_the_request_and_says_nothing_of_its_inputs(
        self, endpoint: Make, running: AnalysisRequest, requester: str, now: datetime
    ) -> None:
        endpoint(requester)
        requests.cancel(running, actor=requester, note="patient withdrew", now=now)
        tell(now)

        assert json.loads(Delivery.objects.get().body) == {
            "type": "request.cancelled",
            "timestamp": "2026-05-04T12:22:07.000Z",
            "data": {
                "name": "running",
                "project": "dt_lung",
                "analysis": "exome_pipe",
                "status": "archived",
                "award": None,
                "url": "https://polyphemus.example.org/api/v1/requests/running",
            },
        }
