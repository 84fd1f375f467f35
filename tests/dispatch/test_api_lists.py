"""Reading: lists, pages, representations, and what need not be sent again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dispatch import documents
from dispatch.models import AnalysisRequest
from dispatch.scopes import Scope, Scopes
from dispatch.services import requests
from tests.dispatch.calls import Program, program_of, visitor
from tests.dispatch.conftest import Submit, bid

V2 = documents.V2


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [document["name"] for document in answer.json()["requests"]]


@pytest.fixture
def many(submit: Submit, analyst: str, now: datetime) -> list[AnalysisRequest]:
    """Open, running and archived ones of two projects and two analyses, in that order."""
    made = [
        submit(name="open_exome"),
        submit(name="open_rna", analysis="rna"),
        submit(name="open_other", project="other"),
        submit(name="taken"),
        submit(name="ended"),
    ]
    bid(made[3], analyst, now=now)
    requests.cancel(made[4], actor="x@y.org", now=now)
    return made


@pytest.mark.usefixtures("many", "janus")
class TestLists:
    def test_by_default_what_is_open_oldest_first(self, program: Program) -> None:
        assert names(program.get("/api/v1/requests")) == ["open_exome", "open_rna", "open_other"]

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("analysis=rna", ["open_rna"]),
            ("project=other", ["open_other"]),
            ("status=running", ["taken"]),
            ("status=archived", ["ended"]),
            ("status=standing", ["open_exome", "open_rna", "open_other", "taken"]),
            ("status=any", ["open_exome", "open_rna", "open_other", "taken", "ended"]),
            ("project=dt_lung&analysis=exome_pipe&status=any", ["open_exome", "taken", "ended"]),
            ("project=nowhere", []),
        ],
    )
    def test_filters(self, program: Program, query: str, found: list[str]) -> None:
        assert names(program.get(f"/api/v1/requests?{query}")) == found

    @pytest.mark.parametrize(
        ("scopes", "found"),
        [
            (Scopes(), []),
            (Scopes((Scope("other", "*"),)), ["open_other"]),
            (Scopes((Scope("*", "rna"),)), ["open_rna"]),
            (Scopes((Scope("dt_lung", "rna"), Scope("other", "exome_pipe"))), ["open_rna", "open_other"]),
        ],
    )
    def test_a_key_sees_what_its_scopes_cover(self, rival: str, scopes: Scopes, found: list[str]) -> None:
        assert names(program_of(rival, scopes).get("/api/v1/requests")) == found

    @pytest.mark.parametrize(
        ("perm", "found"),
        [
            ("v:dt_lung", ["open_exome", "open_rna"]),
            ("e:other", ["open_other"]),
            ("", []),
            ("v:administration", ["open_exome", "open_rna", "open_other"]),
        ],
    )
    def test_a_person_sees_their_projects(self, outsider: str, perm: str, found: list[str]) -> None:
        assert names(visitor(outsider, perm).get("/api/v1/requests")) == found

    def test_pages_follow_each_other_to_the_end(self, program: Program) -> None:
        first = program.get("/api/v1/requests?limit=2")
        second = program.get(first.json()["next"].removeprefix("http://127.0.0.1"))

        assert (names(first), names(second)) == (["open_exome", "open_rna"], ["open_other"])
        assert second.json()["next"] is None

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ("limit=0", "invalid_limit"),
            ("limit=10001", "invalid_limit"),
            ("limit=x", "invalid_limit"),
            ("status=open", "invalid_status"),
            ("after=12", "bad_cursor"),
            ("project=..", "invalid_project"),
            ("analysis=a%20b", "invalid_analysis"),
            ("colour=red", "unknown_parameter"),
        ],
    )
    def test_a_question_that_makes_no_sense_is_refused(self, program: Program, query: str, code: str) -> None:
        refused = program.get(f"/api/v1/requests?{query}")

        assert (refused.status_code, refused.json()["code"]) == (400, code)

    def test_pollers_are_advised_when_to_come_again_each_differently(self, program: Program) -> None:
        advice = {int(program.get("/api/v1/requests")["Retry-After"]) for _ in range(20)}

        assert min(advice) >= 15
        assert max(advice) <= 45
        assert len(advice) > 1


@pytest.mark.usefixtures("many", "janus")
class TestWhatIsKnownAlready:
    def test_an_unchanged_list_is_not_sent_again(self, program: Program) -> None:
        tag = program.get("/api/v1/requests")["ETag"]

        again = program.get("/api/v1/requests", **{"If-None-Match": tag})

        assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
        assert "Retry-After" in again

    def test_a_304_costs_one_statement(self, program: Program) -> None:
        tag = program.get("/api/v1/requests")["ETag"]
        headers = program.headers("GET", "/api/v1/requests", {})

        with CaptureQueriesContext(
            connection,
        ) as asked:
            program.client.get(
                "/api/v1/requests", headers={"Host": "127.0.0.1", "If-None-Match": tag, **headers}
            )

        assert len(asked) == 1

    def test_any_change_is_seen_at_the_next_poll(
        self, program: Program, many: list[AnalysisRequest], submit: Submit, rival: str, now: datetime
    ) -> None:
        tags = [program.get("/api/v1/requests")["ETag"]]

        bid(many[0], rival, now=now)
        tags.append(program.get("/api/v1/requests")["ETag"])
        submit(name="fresh")
        tags.append(program.get("/api/v1/requests")["ETag"])
        requests.cancel(many[1], actor=rival, now=now)
        tags.append(program.get("/api/v1/requests")["ETag"])

        assert len(set(tags)) == 4

    def test_a_lost_bid_changes_no_list(self, program: Program, rivals_program: Program, rival: str) -> None:
        before = program.get("/api/v1/requests")["ETag"]

        rivals_program.post(
            "/api/v1/bids", {"analysis": "exome_pipe", "analyst": rival, "name": "taken", "time": "60"}
        )

        assert program.get("/api/v1/requests")["ETag"] == before

    def test_tags_differ_between_questions_callers_and_representations(
        self, program: Program, rival: str
    ) -> None:
        scoped = program_of(rival, Scopes((Scope("other", "*"),)))

        tags = [
            program.get("/api/v1/requests")["ETag"],
            program.get("/api/v1/requests?status=any")["ETag"],
            program.get("/api/v1/requests", Accept=V2)["ETag"],
            scoped.get("/api/v1/requests")["ETag"],
        ]

        assert len(set(tags)) == 4

    def test_an_unchanged_document_is_not_sent_again(self, program: Program) -> None:
        tag = program.get("/api/v1/requests/taken")["ETag"]

        again = program.get("/api/v1/requests/taken", **{"If-None-Match": f'W/{tag}, "other"'})

        assert again.status_code == 304


@pytest.mark.usefixtures("janus")
class TestOneRequest:
    def test_an_archived_document_stays_at_its_address(
        self, archived: AnalysisRequest, program: Program
    ) -> None:
        document = program.get("/api/v1/requests/running").json()

        assert (document["status"], document["outcome"]) == ("archived", "ticket")

    @pytest.mark.parametrize("name", ["never_was", "RUNNING", "runnin"])
    def test_unknown_and_forbidden_look_the_same(
        self, running: AnalysisRequest, program: Program, outsider: str, name: str
    ) -> None:
        outside = visitor(outsider, "v:other").get("/api/v1/requests/running")
        unknown = program.get(f"/api/v1/requests/{name}")

        assert (outside.status_code, unknown.status_code) == (404, 404)
        assert outside.json() | {"instance": ""} == unknown.json() | {"instance": ""}

    def test_the_second_version_is_exact_and_tells_the_history(
        self, running: AnalysisRequest, program: Program, analyst: str, requester: str
    ) -> None:
        answer = program.get("/api/v1/requests/running", Accept=V2)

        document = answer.json()
        assert answer["Content-Type"] == V2
        assert document["requested_at"] == "2026-05-04T12:22:07.000Z"
        assert (document["estimate_seconds"], document["due_at"]) == (3600, "2026-05-04T13:22:07.000Z")
        assert [(line["kind"], line["actor"]) for line in document["history"]] == [
            ("submitted", requester),
            ("awarded", analyst),
        ]
        assert document["links"]["self"] == "/api/v1/requests/running"

    def test_both_versions_say_on_what_they_depend_and_differ_in_their_tags(
        self, running: AnalysisRequest, program: Program
    ) -> None:
        first = program.get("/api/v1/requests/running")
        second = program.get("/api/v1/requests/running", Accept=V2)

        assert "Accept" in first["Vary"]
        assert "Accept" in second["Vary"]
        assert first["ETag"] != second["ETag"]
        assert first["Polyphemus-Due"] == second["Polyphemus-Due"] == "2026-05-04T13:22:07.000Z"

    @pytest.mark.parametrize(
        "accept",
        ["application/vnd.polyphemus.v3+json", "text/html", "application/xml", "application/vnd.other+json"],
    )
    def test_an_unknown_version_is_not_guessed_at(
        self, running: AnalysisRequest, program: Program, accept: str
    ) -> None:
        refused = program.get("/api/v1/requests/running", Accept=accept)

        assert (refused.status_code, refused.json()["code"]) == (406, "not_acceptable")

    @pytest.mark.parametrize("accept", ["*/*", "application/*", "application/json", "text/html, */*;q=0.1"])
    def test_whoever_takes_anything_gets_the_founding_texts(
        self, running: AnalysisRequest, program: Program, accept: str
    ) -> None:
        assert program.get("/api/v1/requests/running", Accept=accept)["Content-Type"] == "application/json"
