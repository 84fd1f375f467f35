"""The API as people meet it: publishing, and the choices of a requester."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dispatch.models import AnalysisRequest
from tests.dispatch.calls import Program, Visitor, visitor
from tests.dispatch.conftest import fresh

CONFIG = {"project": "dt_lung", "inputs": ["blood_normal.exome", "tumor.exome"]}


def asked(**changes: Any) -> dict[str, Any]:
    return {"analysis": "exome_pipe", "name": "dt_lung_tumor_pair", "config": CONFIG} | changes


def problem(response: Any) -> tuple[int, str]:
    assert response["Content-Type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


class TestPublish:
    def test_it_answers_with_the_document_and_its_address(self, doctor: Visitor, requester: str) -> None:
        made = doctor.post("/api/v1/requests", asked())

        assert (made.status_code, made["Location"]) == (201, "/api/v1/requests/dt_lung_tumor_pair")
        assert list(made.json()) == ["analysis", "requester", "name", "request-date", "status", "config"]
        assert made.json()["requester"] == requester
        assert json.dumps(made.json()["config"]) == json.dumps(CONFIG)

    def test_without_a_name_one_is_proposed(self, doctor: Visitor) -> None:
        body = asked()
        del body["name"]

        made = [doctor.post("/api/v1/requests", body).json()["name"] for _ in range(2)]

        assert made == ["dt_lung_exome_pipe", "dt_lung_exome_pipe-2"]

    def test_a_name_is_taken_once(self, doctor: Visitor) -> None:
        doctor.post("/api/v1/requests", asked())

        again = doctor.post("/api/v1/requests", asked(name="DT_lung_tumor_pair"))

        assert problem(again) == (409, "name_taken")

    @pytest.mark.parametrize(
        ("perm", "refusal"),
        [("v:dt_lung", (403, "forbidden")), ("e:other", (404, "not_found")), ("", (404, "not_found"))],
    )
    def test_only_editors_of_the_project_publish(
        self, janus: None, db: None, outsider: str, perm: str, refusal: tuple[int, str]
    ) -> None:
        assert problem(visitor(outsider, perm).post("/api/v1/requests", asked())) == refusal
        assert not AnalysisRequest.objects.exists()

    def test_an_analysts_key_publishes_nothing(self, program: Program) -> None:
        assert program.post("/api/v1/requests", asked()).status_code == 401

    @pytest.mark.parametrize("field", ["status", "requester", "request-date", "analyst", "outcome"])
    def test_what_is_ours_to_say_is_not_taken_from_the_body(self, doctor: Visitor, field: str) -> None:
        assert problem(doctor.post("/api/v1/requests", asked(**{field: "x"}))) == (400, "unknown_field")

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"analysis": None}, "invalid_analysis"),
            ({"analysis": "a b"}, "invalid_analysis"),
            ({"name": None}, "invalid_name"),
            ({"name": ".."}, "invalid_name"),
            ({"name": "a/b"}, "invalid_name"),
            ({"config": None}, "invalid_config"),
            ({"config": []}, "invalid_config"),
            ({"config": {}}, "missing_field"),
            ({"config": {"project": "dt_lung"}}, "missing_field"),
            ({"config": CONFIG | {"more": 1}}, "unknown_field"),
            ({"config": CONFIG | {"project": 7}}, "invalid_project"),
            ({"config": CONFIG | {"inputs": "a"}}, "invalid_inputs"),
            ({"config": CONFIG | {"inputs": [["a"]]}}, "invalid_inputs"),
            ({"config": CONFIG | {"inputs": ["\u202e"]}}, "invalid_inputs"),
            ({"config": CONFIG | {"params": None}}, "invalid_params"),
            ({"config": CONFIG | {"params": []}}, "invalid_params"),
            ({"config": CONFIG | {"params": {"a": "\u0007"}}}, "invalid_params"),
        ],
    )
    def test_a_body_that_makes_no_sense_is_refused_and_nothing_is_stored(
        self, doctor: Visitor, change: dict[str, Any], code: str
    ) -> None:
        assert problem(doctor.post("/api/v1/requests", asked(**change))) == (400, code)
        assert not AnalysisRequest.objects.exists()

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b"", 400),
            (b"{", 400),
            (b"[]", 400),
            (b"null", 400),
            (b"\xff\xfe", 400),
            (b'{"analysis": NaN}', 400),
            (b'{"a": 1, "a": 2}', 400),
            (b'{"analysis": "\\ud800"}', 400),
            (b"[" * 100_000, 400),
            (b'"' + b"x" * (1024 * 1024) + b'"', 413),
        ],
    )
    def test_bytes_that_are_no_document_are_refused(self, doctor: Visitor, body: bytes, status: int) -> None:
        refused = doctor.post("/api/v1/requests", body)

        assert problem(refused)[0] == status
        assert not AnalysisRequest.objects.exists()


class TestDecisions:
    def test_the_requester_cancels(self, running: AnalysisRequest, doctor: Visitor) -> None:
        cancelled = doctor.post("/api/v1/requests/running/cancel", {"note": "not needed"})

        assert (cancelled.json()["status"], cancelled.json()["outcome"]) == ("archived", "cancelled")

    def test_no_body_at_all_is_fine(self, running: AnalysisRequest, doctor: Visitor) -> None:
        assert doctor.post("/api/v1/requests/running/cancel", b"").json()["outcome"] == "cancelled"

    def test_an_admin_of_the_project_may_decide_too(
        self, running: AnalysisRequest, janus: None, curator: str
    ) -> None:
        cancelled = visitor(curator, "a:dt_lung").post("/api/v1/requests/running/cancel")

        assert cancelled.status_code == 200

    @pytest.mark.parametrize("choice", ["cancel", "help", "extend"])
    @pytest.mark.parametrize(
        ("perm", "refusal"), [("e:dt_lung", (403, "forbidden")), ("e:other", (404, "not_found"))]
    )
    def test_others_may_not(
        self,
        running: AnalysisRequest,
        janus: None,
        outsider: str,
        choice: str,
        perm: str,
        refusal: tuple[int, str],
    ) -> None:
        refused = visitor(outsider, perm).post(f"/api/v1/requests/running/{choice}")

        assert problem(refused) == refusal
        assert fresh(running).status == "running"

    def test_what_is_archived_is_not_cancelled_again(
        self, archived: AnalysisRequest, doctor: Visitor
    ) -> None:
        assert problem(doctor.post("/api/v1/requests/running/cancel")) == (409, "archived")

    def test_help_is_for_what_was_deferred(self, running: AnalysisRequest, doctor: Visitor) -> None:
        assert problem(doctor.post("/api/v1/requests/running/help")) == (409, "is_running")

    def test_help_asked_for_and_answered_runs_again(
        self, deferred: AnalysisRequest, doctor: Visitor, program: Program
    ) -> None:
        asked_for = doctor.post("/api/v1/requests/running/help", {"note": "Can you finish?"})
        answered = program.post(
            "/api/v1/extensions", {"analysis": "exome_pipe", "name": "running", "time": "7200"}
        )

        request = fresh(deferred)
        assert (asked_for.status_code, answered.json()["message"]) == (200, "extended")
        assert (request.status, request.due_stage, request.estimate_seconds) == ("running", "estimate", 7200)

    def test_more_time_makes_a_deferred_request_run_again(
        self, deferred: AnalysisRequest, doctor: Visitor
    ) -> None:
        extended = doctor.post("/api/v1/requests/running/extend", {"time": "600"})

        assert extended.json()["status"] == "running"

    def test_time_asked_for_is_given_without_naming_it_again(
        self, running: AnalysisRequest, doctor: Visitor, program: Program
    ) -> None:
        program.post("/api/v1/extensions", {"analysis": "exome_pipe", "name": "running", "time": "9999"})

        given = doctor.post("/api/v1/requests/running/extend")

        assert given.status_code == 200
        assert fresh(running).asked_seconds is None

    def test_without_a_time_and_none_asked_for_nothing_is_given(
        self, running: AnalysisRequest, doctor: Visitor
    ) -> None:
        assert problem(doctor.post("/api/v1/requests/running/extend")) == (409, "time_missing")
