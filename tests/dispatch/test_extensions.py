"""More time, help, and work given back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from dispatch.models import Analysis, AnalysisRequest, RequestEvent
from dispatch.scopes import EVERYTHING
from dispatch.services import extensions, requests
from dispatch.services import help as helping
from polyphemus_site.errors import MoveRefusedError
from polyphemus_site.mail.models import Notice
from tests.dispatch.conftest import HOUR, WAITS, Seer, claim_on, fresh, sweep


def ask(request: AnalysisRequest, analyst: str, seconds: int, now: datetime) -> AnalysisRequest:
    return extensions.ask(claim_on(request, analyst), seconds=seconds, scopes=EVERYTHING, now=now)


class TestAsk:
    def test_the_share_is_of_all_that_was_given_in_this_award(
        self, running: AnalysisRequest, analyst: str, now: datetime
    ) -> None:
        ask(running, analyst, 1000, now)
        ask(running, analyst, 800, now)
        third = ask(running, analyst, 1, now)

        assert (third.granted_seconds, third.asked_seconds) == (1800, 1)
        assert third.due_at == now + timedelta(seconds=3600 + 1800)

    def test_an_analysis_may_give_nothing_on_asking(
        self, running: AnalysisRequest, analyst: str, now: datetime
    ) -> None:
        Analysis.objects.create(name="exome_pipe", extension_percent=0)

        assert ask(running, analyst, 1, now).asked_seconds == 1

    @pytest.mark.parametrize("late", [timedelta(0), timedelta(minutes=3)])
    def test_at_the_due_date_it_is_the_requesters_to_give(
        self, running: AnalysisRequest, analyst: str, requester: str, now: datetime, late: timedelta
    ) -> None:
        asked = ask(running, analyst, 60, now + HOUR + late)

        assert (asked.asked_seconds, asked.due_at) == (60, now + HOUR)
        assert Notice.objects.get(kind="extension_asked").recipient == requester

    def test_the_same_wish_again_is_not_another_mail(
        self, running: AnalysisRequest, analyst: str, now: datetime
    ) -> None:
        ask(running, analyst, 9999, now)
        ask(running, analyst, 9999, now)

        assert Notice.objects.count() == 1

    def test_only_the_holder_asks(self, running: AnalysisRequest, rival: str, now: datetime) -> None:
        with pytest.raises(MoveRefusedError) as refused:
            ask(running, rival, 60, now)

        assert refused.value.code == "not_awarded"

    def test_a_deferred_requests_analyst_who_was_not_asked_puts_it_to_the_requester(
        self, deferred: AnalysisRequest, analyst: str, now: datetime
    ) -> None:
        asked = ask(deferred, analyst, 600, now + timedelta(hours=3))

        assert (asked.status, asked.asked_seconds) == ("deferred", 600)

    def test_the_answer_to_a_call_for_help_counts_at_once(
        self, deferred: AnalysisRequest, analyst: str, requester: str, now: datetime
    ) -> None:
        later = now + timedelta(hours=3)
        helping.ask(deferred, actor=requester, note="please", waits=WAITS, now=later)

        answered = ask(deferred, analyst, 600, later)

        assert (answered.status, answered.due_at) == ("running", later + timedelta(minutes=10))
        assert (answered.due_stage, answered.help_asked_at) == ("estimate", None)
        assert Notice.objects.get(kind="help_asked").recipient == analyst

    @pytest.mark.parametrize(("seconds", "status"), [(7200, "running"), (7201, "deferred")])
    def test_an_answer_may_name_no_more_than_a_bid(
        self,
        deferred: AnalysisRequest,
        analyst: str,
        requester: str,
        now: datetime,
        seconds: int,
        status: str,
    ) -> None:
        Analysis.objects.create(name="exome_pipe", ceiling_seconds=7200)
        later = now + timedelta(hours=3)
        helping.ask(deferred, actor=requester, note="please", waits=WAITS, now=later)

        answered = ask(deferred, analyst, seconds, later)

        assert (answered.status, answered.asked_seconds) == (status, None if status == "running" else seconds)

    def test_an_answer_that_waits_for_the_requester_is_an_answer(
        self, deferred: AnalysisRequest, analyst: str, requester: str, now: datetime, seer: Seer
    ) -> None:
        Analysis.objects.create(name="exome_pipe", ceiling_seconds=7200)
        later = now + timedelta(hours=3)
        ask(deferred, analyst, 7201, now + timedelta(hours=2))
        helping.ask(fresh(deferred), actor=requester, note="please", waits=WAITS, now=later)

        ask(deferred, analyst, 7201, later)
        swept = sweep(seer, now=later + WAITS.help_wait)

        assert (swept.lapsed, fresh(deferred).status, fresh(deferred).analyst) == (0, "deferred", analyst)
        assert extensions.grant(fresh(deferred), actor=requester, now=later).status == "running"


class TestGrant:
    def test_time_upon_time_leads_no_further_than_any_estimate(
        self, running: AnalysisRequest, requester: str, now: datetime
    ) -> None:
        with pytest.raises(MoveRefusedError) as refused:
            extensions.grant(running, seconds=99_999_999, actor=requester, now=now)

        assert refused.value.code == "too_far_ahead"
        assert fresh(running).due_at == running.due_at

    def test_what_is_given_in_the_longer_wait_is_watched_again(
        self, running: AnalysisRequest, requester: str, now: datetime
    ) -> None:
        sweep(Seer(), now=now + HOUR)
        sweep(Seer(), now=now + HOUR + timedelta(minutes=6))
        given = now + HOUR + timedelta(minutes=10)

        extensions.grant(fresh(running), seconds=600, actor=requester, now=given)

        request = fresh(running)
        assert (request.due_stage, request.due_at) == ("extension", given + timedelta(minutes=10))
        assert request.wake_at == request.due_at

    def test_an_open_request_has_no_time_to_give(
        self, running: AnalysisRequest, analyst: str, requester: str, now: datetime
    ) -> None:
        extensions.release(claim_on(running, analyst), reason="x", scopes=EVERYTHING, now=now)

        with pytest.raises(MoveRefusedError) as refused:
            extensions.grant(fresh(running), seconds=60, actor=requester, now=now)

        assert refused.value.code == "is_new"


class TestRelease:
    def test_the_reason_is_in_the_history_and_the_bid_is_closed(
        self, running: AnalysisRequest, analyst: str, now: datetime
    ) -> None:
        extensions.release(claim_on(running, analyst), reason="disk full", scopes=EVERYTHING, now=now)

        request = fresh(running)
        assert (request.status, request.analyst, request.due_at, request.award) == ("new", "", None, 1)
        assert requests.history(request)[-1].note == "disk full"
        assert request.bids.get().state == "released"

    def test_what_was_given_back_comes_due_no_more(
        self, running: AnalysisRequest, analyst: str, seer: Seer, now: datetime
    ) -> None:
        extensions.release(claim_on(running, analyst), reason="x", scopes=EVERYTHING, now=now)

        report = sweep(seer, now=now + timedelta(days=9))

        assert report.looked_at == 0
        assert not RequestEvent.objects.filter(kind="extended").exists()


class TestHelp:
    def test_it_is_for_deferred_requests(
        self, running: AnalysisRequest, requester: str, now: datetime
    ) -> None:
        with pytest.raises(MoveRefusedError) as refused:
            helping.ask(running, actor=requester, waits=WAITS, now=now)

        assert refused.value.code == "is_running"
