"""Bids: the first wins, whatever else comes, and everybody is told why."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction
from pytest_django import DjangoAssertNumQueries

from dispatch.errors import BidRefusedError
from dispatch.models import Analysis, AnalysisRequest, Bid
from dispatch.scopes import EVERYTHING, Scope, Scopes
from dispatch.services import bids, requests
from dispatch.services.bids import Offer, Seen
from dispatch.signals import request_awarded
from tests.dispatch.conftest import Submit, bid, fresh


def refusal_of(offer: Offer, scopes: Scopes, now: datetime) -> str:
    with pytest.raises(BidRefusedError) as refused:
        bids.accept(offer, scopes=scopes, now=now)
    assert refused.value.members == {"message": "no"}
    return refused.value.code


def offer_for(request: AnalysisRequest, analyst: str, **changes: Any) -> Offer:
    values: dict[str, Any] = {
        "name": request.name,
        "analysis": request.analysis,
        "analyst": analyst,
        "seconds": 60,
    }
    return Offer(**(values | changes))


def like(request: AnalysisRequest, name: str) -> AnalysisRequest:
    """Another request in every point but its name."""
    fields = AnalysisRequest._meta.concrete_fields
    kept = {field.attname: getattr(request, field.attname) for field in fields}
    return AnalysisRequest(**(kept | {"id": None, "name": name}))


class TestAccept:
    def test_the_first_bid_wins_and_starts_the_clock(
        self, submit: Submit, analyst: str, now: datetime
    ) -> None:
        request = submit()

        award = bid(request, analyst, now=now, seconds=3600)

        request = fresh(request)
        assert (request.status, request.analyst, request.award) == ("running", analyst, award.number)
        assert (request.started_at, request.due_at) == (now, now + timedelta(hours=1))
        assert [(b.state, b.analyst, b.award) for b in request.bids.all()] == [("accepted", analyst, 1)]

    def test_the_award_is_in_the_history(self, running: AnalysisRequest, analyst: str, now: datetime) -> None:
        event = requests.history(running)[-1]

        assert (event.kind, event.source, event.target, event.actor) == ("awarded", "new", "running", analyst)
        assert (event.at, event.facts["estimate_seconds"]) == (now, 3600)

    def test_a_rival_is_told_that_it_is_taken_and_its_bid_is_kept(
        self, running: AnalysisRequest, rival: str, now: datetime
    ) -> None:
        code = refusal_of(offer_for(running, rival), EVERYTHING, now)

        kept = Bid.objects.get(analyst=rival)
        assert (code, kept.state, kept.code) == ("already_awarded", "refused", "already_awarded")

    def test_a_winning_bid_is_one_statement_and_one_that_comes_too_late_two(
        self,
        submit: Submit,
        analyst: str,
        rival: str,
        now: datetime,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        request = submit()

        with django_assert_num_queries(1):
            bid(request, analyst, now=now)
        with django_assert_num_queries(2):
            assert refusal_of(offer_for(request, rival), EVERYTHING, now) == "already_awarded"

    def test_the_holder_that_repeats_its_bid_gets_the_same_award(
        self, running: AnalysisRequest, analyst: str, now: datetime
    ) -> None:
        again = bid(running, analyst, now=now + timedelta(minutes=5), seconds=60)

        assert (again.number, again.due_at) == (1, running.due_at)
        assert fresh(running).due_at == running.due_at
        assert Bid.objects.count() == 1

    def test_what_has_ended_takes_no_bids(self, archived: AnalysisRequest, rival: str, now: datetime) -> None:
        assert refusal_of(offer_for(archived, rival), EVERYTHING, now) == "archived"

    def test_what_waits_for_its_requester_takes_no_bids(
        self, deferred: AnalysisRequest, rival: str, now: datetime
    ) -> None:
        assert refusal_of(offer_for(deferred, rival), EVERYTHING, now) == "not_open"

    def test_another_analysis_than_the_requests_is_refused(
        self, submit: Submit, rival: str, now: datetime
    ) -> None:
        request = submit()

        assert refusal_of(offer_for(request, rival, analysis="rna"), EVERYTHING, now) == "wrong_analysis"
        assert fresh(request).status == "new"

    @pytest.mark.parametrize(
        "scopes",
        [
            Scopes(),
            Scopes((Scope("other", "*"),)),
            Scopes((Scope("*", "other"),)),
            Scopes((Scope("dt_lung", "exome_pipe", "read"), Scope("dt_lung", "exome_pipe", "ticket"))),
            Scopes((Scope("dt_lung", "other"), Scope("other", "exome_pipe"))),
        ],
    )
    def test_unknown_and_out_of_scope_look_the_same(
        self, submit: Submit, rival: str, now: datetime, scopes: Scopes
    ) -> None:
        request = submit()

        outside = refusal_of(offer_for(request, rival), scopes, now)
        unknown = refusal_of(offer_for(request, rival, name="never_was"), scopes, now)

        assert (outside, unknown) == ("out_of_scope", "out_of_scope")
        assert fresh(request).status == "new"
        assert not Bid.objects.exists()

    @pytest.mark.parametrize(
        "scope",
        [
            Scope("dt_lung", "exome_pipe", "bid"),
            Scope("*", "exome_pipe"),
            Scope("dt_lung", "*"),
            Scope("*", "*"),
        ],
    )
    def test_a_scope_that_covers_it_is_enough(
        self, submit: Submit, analyst: str, now: datetime, scope: Scope
    ) -> None:
        award = bids.accept(offer_for(submit(), analyst), scopes=Scopes((scope,)), now=now)

        assert award.number == 1

    @pytest.mark.parametrize(
        ("seconds", "expected"),
        [(59, "estimate_out_of_bounds"), (60, "go"), (7200, "go"), (7201, "estimate_out_of_bounds")],
    )
    def test_an_analysis_bounds_the_estimates_it_takes(
        self, submit: Submit, analyst: str, now: datetime, seconds: int, expected: str
    ) -> None:
        Analysis.objects.create(name="exome_pipe", floor_seconds=60, ceiling_seconds=7200)
        request = submit()

        outcome = _outcome(request, analyst, seconds, now)

        assert outcome == expected

    def test_who_names_another_time_is_told_which_are_taken(
        self, submit: Submit, analyst: str, now: datetime
    ) -> None:
        Analysis.objects.create(name="exome_pipe", floor_seconds=60, ceiling_seconds=7200)
        request = submit()

        with pytest.raises(BidRefusedError, match="time is 60 to 7200 seconds") as refused:
            bid(request, analyst, now=now, seconds=7201)

        assert refused.value.members == {"message": "no", "floor_seconds": 60, "ceiling_seconds": 7200}

    def test_what_was_given_back_while_it_was_looked_at_may_be_bid_for_again(
        self, submit: Submit, analyst: str, now: datetime
    ) -> None:
        offer = offer_for(submit(), analyst)

        with pytest.raises(BidRefusedError, match="bid again") as refused:
            bids._look_closer(offer, Seen(status="new"), scopes=EVERYTHING, now=now)

        assert refused.value.code == "not_open"

    def test_the_database_itself_holds_one_accepted_bid(
        self, running: AnalysisRequest, rival: str, now: datetime
    ) -> None:
        second = Bid(request=running, analyst=rival, estimate_seconds=1, bid_at=now, state="accepted")

        with pytest.raises(IntegrityError, match="one_accepted_bid_per_request"):
            second.save()

    def test_a_bid_reads_no_other_open_requests_even_if_statistics_know_of_none(
        self, running: AnalysisRequest
    ) -> None:
        AnalysisRequest.objects.bulk_create(like(running, f"taken-{number}") for number in range(500))
        unsaid = ", ".join("NULL" for _ in bids.CLAIM.values)

        with connection.cursor() as cursor:
            cursor.execute("ANALYZE dispatch_analysisrequest")
            cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
            cursor.execute(f"PREPARE planned_claim AS {bids.CLAIM.text}")
            cursor.execute(f"EXPLAIN EXECUTE planned_claim ({unsaid})")
            plan = "\n".join(line for (line,) in cursor.fetchall())
            cursor.execute("DEALLOCATE planned_claim")

        assert "requests_open_for_bids" not in plan
        assert "request_names_are_used_once" in plan

    def test_others_are_told_after_commit(
        self, submit: Submit, analyst: str, now: datetime, django_capture_on_commit_callbacks: Any
    ) -> None:
        told: list[str] = []

        def listen(analysis_request: AnalysisRequest, **_: object) -> None:
            told.append(analysis_request.analyst)

        request_awarded.connect(listen)
        with django_capture_on_commit_callbacks(execute=True):
            bid(submit(), analyst, now=now)
        request_awarded.disconnect(listen)

        assert told == [analyst]

    @pytest.mark.django_db(transaction=True)
    def test_of_rivals_at_once_one_wins(self, submit: Submit, now: datetime) -> None:
        request = submit()
        start = Barrier(8)

        def compete(number: int) -> str:
            with closing(connections["default"]):
                start.wait()
                return _outcome(request, f"rival{number}@ucsf.edu", 60, now)

        with ThreadPoolExecutor(8) as pool:
            outcomes = sorted(pool.map(compete, range(8)))

        assert outcomes == ["already_awarded"] * 7 + ["go"]
        assert Bid.objects.filter(state="accepted").count() == 1

    @pytest.mark.django_db(transaction=True)
    def test_bids_on_different_requests_do_not_wait_for_each_other(
        self, submit: Submit, analyst: str, rival: str, now: datetime
    ) -> None:
        """Each counts in the revision; in one row the second would wait for the first to commit."""
        first, second = submit(name="first"), submit(name="second")

        with transaction.atomic(), ThreadPoolExecutor(1) as pool:
            bid(first, analyst, now=now)
            others_view = pool.submit(_bid_at_once, second, rival, besides=_slot(), now=now).result()
            own_view = _statuses()

        assert others_view == {"first": "new", "second": "running"}  # the first one is not committed,
        assert own_view == {"first": "running", "second": "running"}  # the second one is


def _bid_at_once(request: AnalysisRequest, analyst: str, *, besides: int, now: datetime) -> dict[str, str]:
    """On a connection that counts in another slot, and gives up where it meets a lock; what it then sees."""
    with closing(connections["default"]):
        while _slot() == besides:
            connections["default"].close()
        with connections["default"].cursor() as cursor:
            cursor.execute("SET lock_timeout = '100ms'")
        bid(request, analyst, now=now)
        return _statuses()


def _slot() -> int:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid() % 64")
        return int(cursor.fetchone()[0])


def _statuses() -> dict[str, str]:
    return dict(AnalysisRequest.objects.values_list("name", "status"))


def _outcome(request: AnalysisRequest, analyst: str, seconds: int, now: datetime) -> str:
    try:
        bid(request, analyst, now=now, seconds=seconds)
    except BidRefusedError as refused:
        return refused.code
    return "go"
