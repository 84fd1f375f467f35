"""The API of analyses and configurations, and of requests that are held to a pipeline's schemas."""

from __future__ import annotations

from typing import Any

import pytest

from dispatch.configuring.models import Configuration, ConfigurationVersion
from dispatch.models import AnalysisRequest
from tests.dispatch.calls import Program, Visitor, visitor
from tests.dispatch.configuring.conftest import SAREK_WITH_SHEET
from tests.dispatch.configuring.test_configurations import PARAMS

ROW = {"patient": "P1", "sample": "S1", "lane": "L1", "fastq_1": "metis://dt_lung/a_1.fastq.gz"}
KEPT = {"project": "dt_lung", "analysis": "sarek", "name": "usual", "params": PARAMS}


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.mark.usefixtures("sarek_with_sheet")
class TestAnalyses:
    def test_an_analyst_reads_the_schemas_requests_are_held_to(self, program: Program) -> None:
        [listed] = program.get("/api/v1/analyses").json()["analyses"]
        whole = program.get("/api/v1/analyses/sarek").json()

        assert (listed["name"], len(listed["edition"])) == ("sarek", 64)
        assert whole == listed | {
            "schema": SAREK_WITH_SHEET.schema,
            "input_schema": SAREK_WITH_SHEET.input_schema,
        }
        assert [listed[name] for name in ("floor_seconds", "ceiling_seconds", "extension_percent")] == [
            *(1, 99_999_999, 50)
        ]
        assert list(whole["schema"]["$defs"]) == list((SAREK_WITH_SHEET.schema or {})["$defs"])

    def test_one_nobody_described_is_not_there(self, doctor: Visitor) -> None:
        assert problem(doctor.get("/api/v1/analyses/other")) == (404, "not_found")

    def test_whoever_is_not_known_reads_nothing(self, janus: None) -> None:
        assert Visitor("x").get("/api/v1/analyses").status_code == 401

    def test_what_would_be_refused_is_told_and_nothing_is_published(self, doctor: Visitor) -> None:
        asked = {"inputs": [ROW | {"lane": "a b"}], "params": {"step": "mapping", "toools": "x"}}

        told = doctor.post("/api/v1/analyses/sarek/judge", asked).json()

        assert told == {
            "inputs": [{"pointer": "/0/lane", "detail": "Lane identifier cannot contain spaces"}],
            "params": [
                {"pointer": "/outdir", "detail": "This is needed."},
                {"pointer": "/toools", "detail": "No such parameter."},
            ],
        }
        assert not AnalysisRequest.objects.exists()

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({}, "missing_field"),
            ({"inputs": {}}, "invalid_config"),
            ({"inputs": [], "params": []}, "invalid_config"),
            ({"inputs": [], "more": 1}, "unknown_field"),
        ],
    )
    def test_a_body_that_makes_no_sense_is_refused(self, doctor: Visitor, body: Any, code: str) -> None:
        assert problem(doctor.post("/api/v1/analyses/sarek/judge", body)) == (400, code)


@pytest.mark.usefixtures("sarek_with_sheet")
class TestRequests:
    def asked(self, inputs: Any, params: Any = PARAMS) -> dict[str, Any]:
        config = {"project": "dt_lung", "inputs": inputs, "params": params}
        return {"analysis": "sarek", "config": config}

    def test_rows_that_fit_are_published(self, doctor: Visitor) -> None:
        made = doctor.post("/api/v1/requests", self.asked([ROW, ROW | {"lane": 2}]))

        assert made.status_code == 201
        assert made.json()["config"]["inputs"] == [ROW, ROW | {"lane": 2}]

    @pytest.mark.parametrize(
        "inputs",
        [
            ["S1"],
            [ROW, ROW],
            [{}],
            [ROW | {"fastq_1": "a.bam"}],
            [ROW | {"x": 1}],
            [ROW | {"lane": "a\u202eb"}],
            [[]],
        ],
        ids=str,
    )
    def test_rows_that_do_not_fit_are_refused_and_pointed_at(self, doctor: Visitor, inputs: Any) -> None:
        refused = doctor.post("/api/v1/requests", self.asked(inputs))

        assert problem(refused) == (400, "invalid_inputs")
        assert refused.json()["errors"][0]["pointer"].startswith("/")
        assert not AnalysisRequest.objects.exists()

    def test_params_that_do_not_fit_are_refused_and_pointed_at(self, doctor: Visitor) -> None:
        refused = doctor.post("/api/v1/requests", self.asked([ROW], PARAMS | {"wes": "yes"}))

        assert problem(refused) == (400, "invalid_params")
        assert [fault["pointer"] for fault in refused.json()["errors"]] == ["/wes"]


@pytest.mark.usefixtures("sarek_with_sheet")
class TestConfigurations:
    def test_an_editor_keeps_changes_and_restores(self, doctor: Visitor) -> None:
        first = doctor.post("/api/v1/configurations", KEPT | {"comment": "First."})
        pk = first.json()["id"]
        doctor.post("/api/v1/configurations", KEPT | {"params": PARAMS | {"wes": True}})

        restored = doctor.post(f"/api/v1/configurations/{pk}/restore", {"number": 1})

        assert first.status_code == 201
        assert [one["number"] for one in restored.json()["versions"]] == [3, 2, 1]
        assert restored.json()["versions"][0]["params"] == PARAMS
        assert restored.json()["versions"][0]["restored"] is True
        assert doctor.get(f"/api/v1/configurations/{pk}").json() == restored.json()

    @pytest.mark.parametrize(("query", "found"), [("", 1), ("&analysis=sarek", 1), ("&analysis=x", 0)])
    def test_a_projects_configurations_are_listed(self, doctor: Visitor, query: str, found: int) -> None:
        doctor.post("/api/v1/configurations", KEPT)

        listed = doctor.get(f"/api/v1/configurations?project=dt_lung{query}").json()["configurations"]

        assert [(one["name"], one["latest"]) for one in listed] == [("usual", 1)] * found

    def test_sent_again_under_a_key_it_is_answered_as_the_first_time(self, doctor: Visitor) -> None:
        answers = [
            doctor.post("/api/v1/configurations", KEPT | {"comment": "Once."}, **{"Idempotency-Key": "k"})
            for _ in range(2)
        ]

        assert answers[0].json() == answers[1].json()
        assert ConfigurationVersion.objects.count() == 1

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"params": PARAMS | {"toools": 1}}, "invalid_params"),
            ({"params": []}, "invalid_params"),
            ({"name": "\u202e"}, "invalid_name"),
            ({"name": ""}, "invalid_name"),
            ({"analysis": "a b"}, "invalid_analysis"),
            ({"comment": "x" * 1001}, "invalid_comment"),
            ({"more": 1}, "unknown_field"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, doctor: Visitor, change: Any, code: str) -> None:
        assert problem(doctor.post("/api/v1/configurations", KEPT | change)) == (400, code)
        assert not Configuration.objects.exists()

    def test_a_project_must_be_named(self, doctor: Visitor) -> None:
        assert problem(doctor.get("/api/v1/configurations")) == (400, "project_missing")

    @pytest.mark.parametrize(("perm", "status"), [("v:dt_lung", 403), ("e:other", 404)])
    def test_others_keep_and_restore_nothing(
        self, doctor: Visitor, outsider: str, perm: str, status: int
    ) -> None:
        pk = doctor.post("/api/v1/configurations", KEPT).json()["id"]
        other = visitor(outsider, perm)

        kept = other.post("/api/v1/configurations", KEPT | {"name": "mine"})
        restored = other.post(f"/api/v1/configurations/{pk}/restore", {"number": 1})

        assert (kept.status_code, restored.status_code) == (status, status)
        assert Configuration.objects.count() == 1

    def test_others_see_none(self, doctor: Visitor, outsider: str) -> None:
        pk = doctor.post("/api/v1/configurations", KEPT).json()["id"]
        other = visitor(outsider, "a:other")

        assert problem(other.get(f"/api/v1/configurations/{pk}")) == (404, "not_found")
        assert problem(other.get("/api/v1/configurations?project=dt_lung")) == (404, "not_found")

    @pytest.mark.parametrize("number", [0, 2, "x", None, 1.5, 10**40])
    def test_a_version_there_is_not_cannot_be_restored(self, doctor: Visitor, number: Any) -> None:
        pk = doctor.post("/api/v1/configurations", KEPT).json()["id"]

        refused = doctor.post(f"/api/v1/configurations/{pk}/restore", {"number": number})

        assert problem(refused) == (404, "not_found")
