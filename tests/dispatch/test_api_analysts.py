"""The API as analysts' programs meet it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from dispatch import documents
from dispatch.models import AnalysisRequest, ApiKey, Bid
from dispatch.scopes import EVERYTHING, Scope, Scopes
from dispatch.services import extensions, keys
from polyphemus_site.api.models import SignedCall
from tests.dispatch.calls import HOST, KEK, Program, program_of, server_time
from tests.dispatch.conftest import Submit, claim_on, fresh
from tests.dispatch.test_keys import PAIR, PUBLIC_PEM
from tests.polyphemus_site.api import rfc9421_profile

V2 = documents.V2


def bid_body(bidder: str, /, **changes: Any) -> dict[str, Any]:
    body = {"analysis": "exome_pipe", "analyst": bidder, "name": "dt_lung_tumor_pair", "time": "3600"}
    return body | changes


def problem(response: Any) -> tuple[int, str]:
    assert response["Content-Type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


class TestKeys:
    def test_a_key_that_does_not_open_is_one_that_is_not_known(
        self, program: Program, settings: Settings, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings.POLYPHEMUS_KEK = bytes(32)

        assert problem(program.get("/api/v1/requests")) == (401, "unauthorized")

        assert SignedCall.objects.get().reason == "secret does not open"
        assert program.key_id in caplog.text

    def test_a_key_pair_signs_as_well(self, janus: None, db: None, analyst: str) -> None:
        made = keys.create(
            analyst=analyst,
            scheme="rfc9421-v1",
            scopes=EVERYTHING,
            public_key=PUBLIC_PEM,
            kek=KEK,
            actor="tests",
            now=server_time(),
        )
        signed = rfc9421_profile.Signing(
            key=PAIR,
            alg="ed25519",
            authority=HOST,
            method="GET",
            target="/api/v1/requests",
            key_id=made.key.pk,
            created=int(server_time().timestamp()),
        )

        answer = Client().get("/api/v1/requests", headers={"Host": HOST, **signed.headers()})

        assert (answer.status_code, answer.json()["requests"]) == (200, [])


class TestTimes:
    @pytest.mark.parametrize("written", ["3600", 3600, 3600.0])
    def test_whole_seconds_may_be_written_as_json_writes_them(
        self, submit: Submit, program: Program, analyst: str, written: object
    ) -> None:
        submit(name="dt_lung_tumor_pair")

        go = program.post("/api/v1/bids", bid_body(analyst, time=written))

        assert (go.status_code, go.json()) == (200, {"message": "go"})
        assert Bid.objects.get().estimate_seconds == 3600


class TestTheFoundingStory:
    def test_poll_bid_go_running_ticket_archived(
        self, submit: Submit, program: Program, analyst: str, requester: str
    ) -> None:
        submit(name="dt_lung_tumor_pair")

        polled = program.get("/api/v1/requests").json()
        go = program.post("/api/v1/bids", bid_body(analyst))
        running = program.get("/api/v1/requests/dt_lung_tumor_pair").json()
        ticket = program.post("/api/v1/tickets", {"analysis": "exome_pipe", "name": "dt_lung_tumor_pair"})
        archived = program.get("/api/v1/requests/dt_lung_tumor_pair").json()

        assert polled == {
            "requests": [
                {
                    "analysis": "exome_pipe",
                    "requester": requester,
                    "name": "dt_lung_tumor_pair",
                    "request-date": "2026-05-04@12:22",
                    "status": "new",
                    "config": {"project": "dt_lung", "inputs": ["blood_normal.exome", "tumor.exome"]},
                }
            ],
            "next": None,
        }
        assert (go.status_code, go.json()) == (200, {"message": "go"})
        assert list(running)[6:] == ["analyst", "start-date", "due-date"]
        assert (running["status"], running["analyst"]) == ("running", analyst)
        assert (ticket.status_code, ticket.json()) == (200, {"message": "archived"})
        assert list(archived)[9:] == ["end-date", "outcome"]
        assert (archived["status"], archived["outcome"]) == ("archived", "ticket")

    def test_the_keys_stand_in_the_founding_texts_order(
        self, archived: AnalysisRequest, program: Program
    ) -> None:
        document = program.get("/api/v1/requests/running").json()

        assert list(document) == [
            *("analysis", "requester", "name", "request-date", "status", "config"),
            *("analyst", "start-date", "due-date", "end-date", "outcome"),
        ]


class TestBids:
    def test_the_go_names_its_award_and_exact_due_instant(
        self, submit: Submit, program: Program, analyst: str
    ) -> None:
        request = submit(name="dt_lung_tumor_pair")

        go = program.post("/api/v1/bids", bid_body(analyst))

        assert go["Polyphemus-Award"] == "1"
        assert go["Polyphemus-Due"] == documents.exact(fresh(request).due_at)

    def test_the_clock_that_counts_is_the_databases(
        self, submit: Submit, program: Program, analyst: str
    ) -> None:
        request = submit(name="dt_lung_tumor_pair")
        before = server_time()

        program.post("/api/v1/bids", bid_body(analyst))

        started = fresh(request).started_at
        assert started is not None
        assert before <= started <= server_time()

    def test_the_loser_gets_no_with_a_code(
        self, submit: Submit, program: Program, rivals_program: Program, analyst: str, rival: str
    ) -> None:
        submit(name="dt_lung_tumor_pair")
        program.post("/api/v1/bids", bid_body(analyst))

        lost = rivals_program.post("/api/v1/bids", bid_body(rival))

        assert problem(lost) == (409, "already_awarded")
        assert lost.json()["message"] == "no"

    def test_the_winner_that_repeats_its_bid_gets_go_again(
        self, submit: Submit, program: Program, analyst: str
    ) -> None:
        submit(name="dt_lung_tumor_pair")

        answers = [program.post("/api/v1/bids", bid_body(analyst)) for _ in range(3)]

        assert {(answer.status_code, answer["Polyphemus-Award"]) for answer in answers} == {(200, "1")}
        assert [answer.get("Polyphemus-Award-Repeated") for answer in answers] == [None, "true", "true"]
        assert Bid.objects.count() == 1

    def test_a_bid_sent_again_under_its_key_is_answered_as_the_first_time(
        self, submit: Submit, program: Program, analyst: str
    ) -> None:
        submit(name="dt_lung_tumor_pair")
        one, other = {"Idempotency-Key": "run-1"}, {"Idempotency-Key": "run-2"}

        answers = [program.post("/api/v1/bids", bid_body(analyst), **key) for key in (one, one, other, other)]

        assert {answer.status_code for answer in answers} == {200}
        told = [answer.get("Polyphemus-Award-Repeated") for answer in answers]
        assert told == [None, None, "true", "true"]

    @pytest.mark.parametrize("time", ["1", "99999999", 3600, "3600"])
    def test_time_is_seconds_as_digits_or_an_integer(
        self, submit: Submit, program: Program, analyst: str, time: object
    ) -> None:
        submit(name="dt_lung_tumor_pair")

        go = program.post("/api/v1/bids", bid_body(analyst, time=time))

        assert go.json() == {"message": "go"}

    @pytest.mark.parametrize(
        "time",
        [
            *(
                "0",
                "-1",
                "+1",
                "1e9",
                "٣٦٠٠",
                "\uff13\uff16\uff10\uff10",
                "",
                " 60",
                "60 ",
                "60\n",
                "06",
                "1.5",
            ),
            *("100000000", "1h", "0x10", "1_000", 1.5, 0, -1, 10**8, True, None, [60], {"seconds": 60}),
        ],
    )
    def test_any_other_time_is_refused(
        self, submit: Submit, program: Program, analyst: str, time: object
    ) -> None:
        request = submit(name="dt_lung_tumor_pair")

        refused = program.post("/api/v1/bids", bid_body(analyst, time=time))

        assert problem(refused) == (400, "invalid_time")
        assert fresh(request).status == "new"

    @pytest.mark.parametrize("missing", ["analysis", "analyst", "name", "time"])
    def test_a_missing_field_is_named(
        self, submit: Submit, program: Program, analyst: str, missing: str
    ) -> None:
        submit(name="dt_lung_tumor_pair")
        body = bid_body(analyst)
        del body[missing]

        refused = program.post("/api/v1/bids", body)

        assert problem(refused) == (400, "missing_field")
        assert refused.json()["field"] == missing

    @pytest.mark.parametrize("name", ["analysis", "analyst", "name"])
    @pytest.mark.parametrize("value", [None, 7, "", [], {}, True, "a\u202eb", "x" * 300, "a\tb"])
    def test_a_field_that_is_no_line_of_text_is_refused(
        self, submit: Submit, program: Program, analyst: str, name: str, value: object
    ) -> None:
        request = submit(name="dt_lung_tumor_pair")

        refused = program.post("/api/v1/bids", bid_body(analyst, **{name: value}))

        assert problem(refused) == (400, f"invalid_{name}")
        assert fresh(request).status == "new"

    def test_an_unknown_field_is_refused(self, submit: Submit, program: Program, analyst: str) -> None:
        submit(name="dt_lung_tumor_pair")

        refused = program.post("/api/v1/bids", bid_body(analyst, priority="high"))

        assert problem(refused) == (400, "unknown_field")

    def test_nobody_bids_in_anothers_name(self, submit: Submit, program: Program, rival: str) -> None:
        request = submit(name="dt_lung_tumor_pair")

        refused = program.post("/api/v1/bids", bid_body(rival))

        assert problem(refused) == (403, "not_yourself")
        assert fresh(request).status == "new"

    @pytest.mark.parametrize("name", ["DT_LUNG_TUMOR_PAIR", "dt_lung_tumor_pa\u0131r", "dt_lung_tumor_pair2"])
    def test_a_look_alike_of_a_name_is_no_name(
        self, submit: Submit, program: Program, analyst: str, name: str
    ) -> None:
        submit(name="dt_lung_tumor_pair")

        refused = program.post("/api/v1/bids", bid_body(analyst, name=name))

        assert problem(refused) == (409, "out_of_scope")


class TestSigning:
    def test_an_unsigned_call_is_refused(self, submit: Submit, program: Program, analyst: str) -> None:
        request = submit(name="dt_lung_tumor_pair")

        refused = program.client.post(
            "/api/v1/bids", bid_body(analyst), content_type="application/json", headers={"Host": "127.0.0.1"}
        )

        assert (refused.status_code, fresh(request).status) == (401, "new")

    def test_a_key_that_was_revoked_is_refused(self, submit: Submit, program: Program, analyst: str) -> None:
        request = submit(name="dt_lung_tumor_pair")
        keys.revoke(ApiKey.objects.get(pk=program.key_id), actor="tests", now=server_time())

        refused = program.post("/api/v1/bids", bid_body(analyst))

        assert (refused.status_code, fresh(request).status) == (401, "new")

    def test_a_call_sent_again_is_refused(self, submit: Submit, program: Program, analyst: str) -> None:
        submit(name="dt_lung_tumor_pair")
        body = bid_body(analyst)
        headers = {"Host": "127.0.0.1", **program.headers("POST", "/api/v1/bids", body)}

        answers = [
            program.client.post("/api/v1/bids", body, content_type="application/json", headers=headers)
            for _ in range(2)
        ]

        assert [answer.status_code for answer in answers] == [200, 401]

    def test_a_key_of_the_other_scheme_is_refused(
        self, submit: Submit, program: Program, analyst: str
    ) -> None:
        submit(name="dt_lung_tumor_pair")
        made = keys.create(
            analyst=analyst,
            scheme="rfc9421-v1",
            scopes=EVERYTHING,
            kek=bytes(range(32)),
            actor="t",
            now=server_time(),
        )
        other = Program(made.key.pk, made.secret)

        assert other.post("/api/v1/bids", bid_body(analyst)).status_code == 401


class TestTickets:
    def test_a_rivals_ticket_is_refused(self, running: AnalysisRequest, rivals_program: Program) -> None:
        refused = rivals_program.post("/api/v1/tickets", {"analysis": "exome_pipe", "name": "running"})

        assert problem(refused) == (409, "not_awarded")
        assert fresh(running).status == "running"

    def test_a_former_holders_ticket_is_told_so(
        self, running: AnalysisRequest, program: Program, analyst: str, now: datetime
    ) -> None:
        extensions.release(claim_on(running, analyst), reason="disk full", scopes=EVERYTHING, now=now)

        refused = program.post("/api/v1/tickets", {"analysis": "exome_pipe", "name": "running", "award": 1})

        assert problem(refused) == (409, "award_lost")

    def test_unknown_and_out_of_scope_look_the_same(
        self, running: AnalysisRequest, janus: None, outsider: str
    ) -> None:
        stranger = program_of(outsider, Scopes((Scope("other", "*"),)))

        outside = stranger.post("/api/v1/tickets", {"analysis": "exome_pipe", "name": "running"})
        unknown = stranger.post("/api/v1/tickets", {"analysis": "exome_pipe", "name": "never_was"})

        assert problem(outside) == problem(unknown) == (404, "not_found")
        assert outside.json().keys() == unknown.json().keys()


class TestExtensionsAndReleases:
    def test_time_within_the_analysiss_share_is_given_at_once(
        self,
        running: AnalysisRequest,
        program: Program,
    ) -> None:
        AnalysisRequest.objects.update(due_at=server_time() + timedelta(hours=1))
        before = fresh(running).due_at

        given = program.post(
            "/api/v1/extensions", {"analysis": "exome_pipe", "name": "running", "time": "1800"}
        )

        after = fresh(running).due_at
        assert (given.status_code, given.json()["message"]) == (200, "extended")
        assert before is not None
        assert after == before + timedelta(minutes=30)
        assert given.json()["due-date"] == documents.minute(after)

    def test_more_waits_for_the_requester(self, running: AnalysisRequest, program: Program) -> None:
        asked = program.post(
            "/api/v1/extensions", {"analysis": "exome_pipe", "name": "running", "time": "1801"}
        )

        assert (asked.status_code, asked.json()) == (202, {"message": "asked"})
        assert fresh(running).asked_seconds == 1801

    def test_work_given_back_is_open_for_others(
        self, running: AnalysisRequest, program: Program, rivals_program: Program, rival: str
    ) -> None:
        body = {"analysis": "exome_pipe", "name": "running", "reason": "The node is down."}

        held = program.get("/api/v1/requests/running").get("Polyphemus-Award")
        released = program.post("/api/v1/releases", body)
        given_back = program.get("/api/v1/requests/running").get("Polyphemus-Award")
        go = rivals_program.post("/api/v1/bids", bid_body(rival, name="running"))

        assert (released.status_code, released.json()) == (200, {"message": "released"})
        assert (go.json(), go["Polyphemus-Award"]) == ({"message": "go"}, "2")
        assert (held, given_back) == ("1", None)

    @pytest.mark.parametrize("reason", ["", "  ", None, 7, "x" * 5001, "a\u0007b", "\u202eabc"])
    def test_work_is_not_given_back_without_a_reason(
        self, running: AnalysisRequest, program: Program, reason: object
    ) -> None:
        body = {"analysis": "exome_pipe", "name": "running", "reason": reason}

        assert problem(program.post("/api/v1/releases", body)) == (400, "invalid_reason")
        assert fresh(running).status == "running"
