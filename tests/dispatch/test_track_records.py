"""How an analyst's earlier awards ended, and the realistic time that follows."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dispatch import track_records
from dispatch.models import AnalysisRequest
from dispatch.policies import Waits
from dispatch.scopes import EVERYTHING
from dispatch.services import extensions, requests
from dispatch.services import help as helping
from dispatch.states import BidState, Outcome, Verification
from dispatch.track_records import Ending
from tests.dispatch.calls import Program, Visitor
from tests.dispatch.conftest import HOUR, Seer, Submit, bid, claim_on, fresh, send_ticket, sweep
from tests.dispatch.test_pages import browser

V2 = "application/vnd.polyphemus.v2+json"


def done_in(
    submit: Submit, analyst: str, seconds: int, *, now: datetime, estimate: int = 3600
) -> AnalysisRequest:
    """A request that took so long, by its analyst's own ticket."""
    request = submit()
    bid(request, analyst, now=now, seconds=estimate)
    send_ticket(request, analyst, now=now + timedelta(seconds=seconds))
    return request


def ended(share: float) -> Ending:
    taken = timedelta(seconds=3600 * share)
    return Ending(state=BidState.ENDED, promised=3600, taken=taken, outcome=Outcome.TICKET)


class TestOf:
    def test_on_time_is_by_the_date_first_promised(self, submit: Submit, analyst: str, now: datetime) -> None:
        done_in(submit, analyst, 3600, now=now)
        done_in(submit, analyst, 3601, now=now)

        known = track_records.of(analyst, "exome_pipe")

        assert (known.on_time, known.late, known.known) == (1, 1, 2)

    def test_an_agreed_extension_keeps_no_promise(
        self, running: AnalysisRequest, requester: str, analyst: str, now: datetime
    ) -> None:
        extensions.grant(running, seconds=7200, actor=requester, now=now)
        send_ticket(running, analyst, now=now + HOUR * 2)

        assert track_records.of(analyst, "exome_pipe").late == 1

    def test_what_was_given_back_counts_and_is_no_duration(
        self, running: AnalysisRequest, analyst: str, now: datetime
    ) -> None:
        extensions.release(claim_on(running, analyst), reason="x", scopes=EVERYTHING, now=now)

        known = track_records.of(analyst, "exome_pipe")
        assert (known.released, known.on_time, known.usual_share) == (1, 0, None)

    def test_a_call_for_help_left_unanswered_counts(
        self, deferred: AnalysisRequest, requester: str, analyst: str, now: datetime
    ) -> None:
        asked = helping.ask(deferred, actor=requester, waits=Waits(), now=now)
        helping.lapse(asked, now=now + timedelta(days=3))

        assert track_records.of(analyst, "exome_pipe").lapsed == 1

    def test_output_somebody_else_may_have_loaded_is_nobodys_merit(
        self, running: AnalysisRequest, analyst: str, seer: Seer, now: datetime
    ) -> None:
        seer.sight = seer.sight.SEEN
        sweep(seer, now=now + HOUR)

        assert fresh(running).outcome == "passed"
        assert track_records.of(analyst, "exome_pipe").known == 0

    def test_what_the_requester_cancelled_counts_for_nothing(
        self, running: AnalysisRequest, requester: str, analyst: str, now: datetime
    ) -> None:
        requests.cancel(running, actor=requester, now=now)

        assert track_records.of(analyst, "exome_pipe").known == 0

    def test_tickets_without_output_are_told(
        self, archived: AnalysisRequest, analyst: str, seer: Seer, now: datetime
    ) -> None:
        sweep(seer, now=now)

        assert fresh(archived).verification == Verification.UNVERIFIED
        assert track_records.of(analyst, "exome_pipe").unverified == 1

    def test_others_and_other_analyses_do_not_count(
        self, submit: Submit, analyst: str, rival: str, now: datetime
    ) -> None:
        done_in(submit, rival, 60, now=now)
        other = submit(analysis="rnaseq")
        bid(other, analyst, now=now)
        send_ticket(other, analyst, now=now)

        assert track_records.of(analyst, "exome_pipe").known == 0

    def test_it_costs_one_statement(self, archived: AnalysisRequest, analyst: str) -> None:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            track_records.of(analyst, "exome_pipe")

        assert len(asked) == 1


class TestRealistic:
    def test_three_say_nothing_and_four_do(self) -> None:
        three, four = ([ended(2.0)] * count for count in (3, 4))

        assert track_records.judged("a", "b", three).realistic(600) is None
        assert track_records.judged("a", "b", four).realistic(600) == 1200

    def test_it_covers_four_of_five_where_bare_estimates_cover_fewer(self) -> None:
        chance = random.Random(20260504)
        covered = bare = 0
        for _ in range(500):
            habit, spread = chance.uniform(-0.3, 0.8), chance.uniform(0.1, 0.6)
            *past, next_one = (chance.lognormvariate(habit, spread) for _ in range(21))
            known = track_records.judged("a", "b", [ended(share) for share in past])
            covered += 3600 * next_one <= (known.realistic(3600) or 0)
            bare += next_one <= 1

        assert 0.75 <= covered / 500 <= 0.85
        assert bare / 500 < 0.75

    def test_the_running_request_shows_it(
        self, submit: Submit, program: Program, analyst: str, now: datetime
    ) -> None:
        for _ in range(4):
            done_in(submit, analyst, 5400, now=now)
        bid(submit(name="present"), analyst, now=now, seconds=600)

        document = program.get("/api/v1/requests/present", Accept=V2).json()

        assert document["realistic_at"] == "2026-05-04T12:37:07.000Z"
        assert document["track_record"]["late"] == 4
        assert document["track_record"]["usual_share"] == 1.5

    def test_an_open_request_has_nobodys(self, submit: Submit, program: Program) -> None:
        submit(name="open")

        document = program.get("/api/v1/requests/open", Accept=V2).json()

        assert (document["track_record"], document["realistic_at"]) == (None, None)


@pytest.mark.usefixtures("janus")
class TestPage:
    def test_the_requester_reads_it_beside_the_due_date(
        self, submit: Submit, analyst: str, requester: str, now: datetime
    ) -> None:
        for _ in range(4):
            done_in(submit, analyst, 5400, now=now)
        bid(submit(name="present"), analyst, now=now, seconds=600)

        html = browser(requester).get("/dt_lung/requests/present").content.decode()

        said = " ".join(html.split())
        assert f"The last 4 requests for exome_pipe that {analyst} took on: 0 done on time, 4 late." in said
        assert "it is realistically done by <time" in said
        assert ">2026-05-04 12:37 UTC</time>." in said

    def test_one_request_is_told_as_one(
        self, submit: Submit, analyst: str, requester: str, now: datetime
    ) -> None:
        done_in(submit, analyst, 60, now=now)
        bid(submit(name="present"), analyst, now=now)

        html = browser(requester).get("/dt_lung/requests/present").content.decode()

        said = " ".join(html.split())
        assert f"The last request for exome_pipe that {analyst} took on: 1 done on time, 0 late." in said

    def test_a_first_timer_has_none(self, running: AnalysisRequest, requester: str) -> None:
        html = browser(requester).get("/dt_lung/requests/running").content.decode()

        assert "took on" not in html


class TestRoute:
    PATH = "/api/v1/track-record"

    def test_a_program_reads_its_own(
        self, submit: Submit, program: Program, rivals_program: Program, analyst: str, now: datetime
    ) -> None:
        for seconds in (1000, 2000, 3000, 4000):
            done_in(submit, analyst, seconds, now=now)

        mine = program.get(f"{self.PATH}?analysis=exome_pipe").json()

        assert (mine["analyst"], mine["on_time"], mine["late"]) == (analyst, 3, 1)
        assert mine["usual_seconds"] == 4000
        assert rivals_program.get(f"{self.PATH}?analysis=exome_pipe").json()["on_time"] == 0

    @pytest.mark.parametrize("query", ["", "?analysis=", "?analysis=a/b", "?analysis=x&time=1"])
    def test_it_is_asked_for_one_analysis(self, program: Program, query: str) -> None:
        assert program.get(f"{self.PATH}{query}").status_code == 400

    def test_people_have_none_of_their_own(self, doctor: Visitor) -> None:
        assert doctor.get(f"{self.PATH}?analysis=exome_pipe").status_code == 401


@pytest.mark.usefixtures("janus")
class TestAnalystsPage:
    def test_each_analyst_is_told_of_by_analysis(
        self, submit: Submit, analyst: str, rival: str, outsider: str, now: datetime
    ) -> None:
        for seconds in (60, 60, 60, 60, 3601):
            done_in(submit, analyst, seconds, now=now)
        done_in(submit, rival, 60, now=now)

        records = track_records.of_project("dt_lung")
        page = browser(outsider, "v:dt_lung").get("/dt_lung/analysts").content.decode()

        assert [(one.analyst, one.on_time, one.late) for one in records] == [(rival, 1, 0), (analyst, 4, 1)]
        assert analyst in page
        assert rival in page
        assert "too few" in page

    def test_what_was_done_for_others_is_not_told(self, submit: Submit, analyst: str, now: datetime) -> None:
        request = submit(project="labors")
        bid(request, analyst, now=now)
        send_ticket(request, analyst, now=now)

        assert track_records.of_project("dt_lung") == []

    def test_a_project_of_others_has_no_such_page(self, outsider: str) -> None:
        assert browser(outsider, "v:labors").get("/dt_lung/analysts").status_code == 404
