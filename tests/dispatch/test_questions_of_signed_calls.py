"""What a signed poll asks for counts wherever Etna lets it travel."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from polyphemus_site.api.signing import etna
from tests.dispatch.calls import HOST, Program
from tests.dispatch.conftest import Submit

LIST = "/api/v1/requests"


def by_name(signed: dict[str, str]) -> tuple[str, dict[str, str]]:
    return urlencode(signed), {}


def in_headers(signed: dict[str, str]) -> tuple[str, dict[str, str]]:
    return "", {etna.field_name(name): value for name, value in signed.items()}


def in_the_query(signed: dict[str, str]) -> tuple[str, dict[str, str]]:
    return urlencode({etna.field_name(name): value for name, value in signed.items()}), {}


def twice(signed: dict[str, str]) -> tuple[str, dict[str, str]]:
    """As Etna's client sends them: by name, and as fields."""
    return f"{in_the_query(signed)[0]}&{urlencode(signed)}", {}


def asked(program: Program, path: str, signed: dict[str, str], how: Any, *, fields_in_query: bool) -> Any:
    query, headers = how(signed)
    fields = program.headers("GET", path, signed)
    if fields_in_query:
        query, fields = f"{urlencode(fields)}&{query}", {}
    return program.client.get(f"{path}?{query}", headers={"Host": HOST, **fields, **headers})


@pytest.fixture(params=[by_name, in_headers, in_the_query, twice])
def how(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(params=[False, True], ids=["signature in headers", "signature in the query"])
def fields_in_query(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.mark.django_db
class TestWhereverItTravels:
    @pytest.mark.parametrize(("analysis", "found"), [("exome_pipe", 1), ("rna_seq", 0)])
    def test_a_list_is_narrowed(
        self,
        submit: Submit,
        program: Program,
        how: Any,
        fields_in_query: bool,
        analysis: str,
        found: int,
    ) -> None:
        submit()
        signed = {"analysis": analysis, "status": "any"}

        answer = asked(program, LIST, signed, how, fields_in_query=fields_in_query)

        assert answer.status_code == 200
        assert len(answer.json()["requests"]) == found

    def test_a_value_that_makes_no_sense_is_refused(
        self, program: Program, how: Any, fields_in_query: bool
    ) -> None:
        answer = asked(program, LIST, {"status": "nonsense"}, how, fields_in_query=fields_in_query)

        assert answer.status_code == 400

    def test_a_track_record_is_found(
        self, program: Program, analyst: str, how: Any, fields_in_query: bool
    ) -> None:
        signed = {"analysis": "exome_pipe"}

        answer = asked(program, "/api/v1/track-record", signed, how, fields_in_query=fields_in_query)

        assert (answer.status_code, answer.json().get("analyst")) == (200, analyst)


@pytest.mark.django_db
def test_a_signed_field_that_no_list_has_narrows_nothing(submit: Submit, program: Program) -> None:
    request = submit()

    answer = asked(program, LIST, {"action": "weave"}, in_headers, fields_in_query=False)

    assert [document["name"] for document in answer.json()["requests"]] == [request.name]
