"""Completion tickets: the holder's word ends a request; anybody else's does not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from dispatch.models import AnalysisRequest, RequestEvent
from dispatch.scopes import EVERYTHING, Scope, Scopes
from dispatch.services import extensions, requests, tickets
from dispatch.states import Outcome
from dispatch.witness import Sight
from polyphemus_site.errors import MissingError, MoveRefusedError
from polyphemus_site.mail import delivery, outbox
from polyphemus_site.mail.models import Notice
from tests.dispatch.conftest import Seer, Submit, bid, claim_on, fresh, send_ticket, sweep


class TestSubmit:
    def test_it_archives_the_request(self, running: AnalysisRequest, analyst: str, now: datetime) -> None:
        send_ticket(running, analyst, now=now)

        request = fresh(running)
        event = requests.history(request)[-1]
        assert (request.status, request.outcome, request.ended_at) == ("archived", "ticket", now)
        assert (event.source, event.target, event.actor) == ("running", "archived", analyst)
        assert request.bids.get().state == "ended"

    def test_the_requester_is_told_in_the_same_transaction(
        self, archived: AnalysisRequest, requester: str
    ) -> None:
        notice = Notice.objects.get(kind="request_archived")

        assert (notice.recipient, notice.context["outcome"]) == (requester, "ticket")

    def test_the_mail_about_it_is_made_from_all_that_other_endings_tell(
        self, archived: AnalysisRequest, submit: Submit, requester: str, now: datetime
    ) -> None:
        requests.cancel(submit(), actor=requester, now=now)

        told, other = Notice.objects.filter(kind="request_archived").order_by("pk")
        assert told.context.keys() == other.context.keys()
        assert told.context == {
            "name": archived.name,
            "analysis": archived.analysis,
            "analyst": fresh(archived).analyst,
            "project": archived.project,
            "requester": requester,
            "path": f"/{archived.project}/requests/{archived.name}",
            "outcome": "ticket",
            "outcome_label": str(Outcome.TICKET.label),
            "actor": "",
            "note": "",
        }
        assert told.events.get().target == told.status == "waiting"

    def test_a_requester_without_an_address_shows_when_the_mail_is_sent(
        self, running: AnalysisRequest, analyst: str, now: datetime
    ) -> None:
        AnalysisRequest.objects.filter(pk=running.pk).update(requester="nobody")

        send_ticket(running, analyst, now=now)
        delivery.deliver(now=now)

        notice = Notice.objects.get(kind="request_archived")
        assert (notice.status, notice.events.latest("pk").note) == ("failed", outbox.UNDELIVERABLE)

    def test_one_statement_archives_it_and_owes_the_news(
        self,
        running: AnalysisRequest,
        analyst: str,
        now: datetime,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        with django_assert_num_queries(1):
            send_ticket(running, analyst, now=now)

    def test_the_same_ticket_again_is_answered_alike_and_writes_nothing(
        self, archived: AnalysisRequest, analyst: str, now: datetime
    ) -> None:
        events = RequestEvent.objects.count()

        send_ticket(archived, analyst, now=now + timedelta(hours=1))

        assert (RequestEvent.objects.count(), fresh(archived).ended_at) == (events, now)

    def test_it_comes_in_time_after_the_due_date_too(
        self, deferred: AnalysisRequest, analyst: str, now: datetime
    ) -> None:
        send_ticket(deferred, analyst, now=now + timedelta(days=1))

        event = requests.history(deferred)[-1]
        assert fresh(deferred).outcome == "ticket"
        assert (event.source, event.facts["late"]) == ("deferred", True)

    def test_a_rivals_ticket_ends_nothing(self, running: AnalysisRequest, rival: str, now: datetime) -> None:
        with pytest.raises(MoveRefusedError) as refused:
            send_ticket(running, rival, now=now)

        assert (refused.value.code, fresh(running).status) == ("not_awarded", "running")

    def test_a_former_holders_ticket_is_kept_for_people_and_never_acted_on(
        self, running: AnalysisRequest, analyst: str, rival: str, now: datetime
    ) -> None:
        extensions.release(claim_on(running, analyst), reason="disk full", scopes=EVERYTHING, now=now)
        bid(running, rival, now=now)

        codes = [_refusal(running, analyst, now) for _ in range(2)]

        kept = RequestEvent.objects.get(kind="claimed")
        assert codes == ["award_lost", "award_lost"]
        assert (kept.actor, fresh(running).status) == (analyst, "running")

    def test_a_ticket_for_an_earlier_award_of_the_same_analyst_is_refused(
        self, running: AnalysisRequest, analyst: str, now: datetime
    ) -> None:
        extensions.release(claim_on(running, analyst), reason="restarting", scopes=EVERYTHING, now=now)
        bid(running, analyst, now=now)

        with pytest.raises(MoveRefusedError) as refused:
            send_ticket(running, analyst, now=now, award=1)

        assert (refused.value.code, fresh(running).award) == ("award_lost", 2)

    def test_a_holder_that_names_an_award_nobody_made_is_told_its_own(
        self, running: AnalysisRequest, analyst: str, now: datetime
    ) -> None:
        with pytest.raises(MoveRefusedError) as refused:
            send_ticket(running, analyst, now=now, award=7)

        assert refused.value.code == "not_awarded"
        assert str(refused.value) == "You hold running by award 1, not 7."
        assert fresh(running).status == "running"

    def test_a_ticket_for_the_present_award_is_taken(
        self, running: AnalysisRequest, analyst: str, now: datetime
    ) -> None:
        send_ticket(running, analyst, now=now, award=1)

        assert fresh(running).status == "archived"

    def test_what_was_cancelled_takes_no_ticket(
        self, running: AnalysisRequest, analyst: str, requester: str, now: datetime
    ) -> None:
        requests.cancel(running, actor=requester, now=now)

        assert _refusal(running, analyst, now) == "cancelled"
        assert fresh(running).outcome == "cancelled"

    def test_what_passed_by_evidence_answers_its_analyst_as_archived(
        self, running: AnalysisRequest, analyst: str, now: datetime
    ) -> None:
        late = now + timedelta(days=2)
        requests.note_output_seen([running.pk], late)

        send_ticket(running, analyst, now=late)

        assert fresh(running).outcome == "passed"

    def test_what_nobody_holds_takes_no_ticket(self, submit: Submit, analyst: str, now: datetime) -> None:
        assert _refusal(submit(), analyst, now) == "not_awarded"

    def test_unknown_and_out_of_scope_look_the_same(
        self, running: AnalysisRequest, analyst: str, now: datetime
    ) -> None:
        elsewhere = Scopes((Scope("other", "*"),))

        with pytest.raises(MissingError) as outside:
            tickets.submit(claim_on(running, analyst), scopes=elsewhere, now=now)
        running.name = "never_was"
        with pytest.raises(MissingError) as unknown:
            tickets.submit(claim_on(running, analyst), scopes=EVERYTHING, now=now)

        assert (outside.value.code, str(outside.value)) == (unknown.value.code, str(unknown.value))


class TestVerification:
    @pytest.mark.parametrize(
        ("sight", "verification", "mails"),
        [
            (Sight.SEEN, "verified", 0),
            (Sight.NOT_SEEN, "unverified", 1),
            (Sight.NO_CHECK, "", 0),
        ],
    )
    def test_the_output_is_looked_for_at_once(
        self, archived: AnalysisRequest, now: datetime, sight: Sight, verification: str, mails: int
    ) -> None:
        report = sweep(Seer(sight), now=now)

        request = fresh(archived)
        assert (report.verified, request.verification, request.wake_at) == (1, verification, None)
        assert (request.status, request.outcome) == ("archived", "ticket")
        assert Notice.objects.filter(kind="request_unverified").count() == mails

    def test_while_the_warehouse_is_away_it_is_not_known(
        self, archived: AnalysisRequest, now: datetime
    ) -> None:
        sweep(Seer(Sight.UNKNOWN), now=now)
        sweep(Seer(Sight.SEEN), now=now + timedelta(minutes=1))

        assert fresh(archived).verification == "verified"

    def test_output_seen_later_makes_it_verified(self, archived: AnalysisRequest, now: datetime) -> None:
        sweep(Seer(Sight.NOT_SEEN), now=now)

        changed = requests.note_output_seen([archived.pk], now + timedelta(days=2))

        assert [request.verification for request in changed] == ["verified"]
        assert fresh(archived).outcome == "ticket"


def _refusal(request: AnalysisRequest, analyst: str, now: datetime) -> str:
    with pytest.raises(MoveRefusedError) as refused:
        send_ticket(request, analyst, now=now)
    return refused.value.code
