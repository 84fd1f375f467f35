"""The description of the API is OpenAPI 3.1, covers every route, and tells the truth."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver
from jsonschema_rs import Draft202012Validator
from pytest_django import Settings

from dispatch.models import AnalysisRequest
from polyphemus_site.openapi.schema import document
from tests.dispatch.calls import Program
from tests.dispatch.conftest import Submit
from tests.dispatch.test_docs import routes
from tests.dispatch.test_repeats import OTHER

UNDESCRIBED = {"GET /api/v1/schema", "GET /api/v1/docs"}

ANYTHING = {"description": "OK", "content": {"application/json": {"schema": {}}}}


def described() -> dict[str, Any]:
    return {
        f"{method.upper()} {path}": said
        for path, methods in document()["paths"].items()
        for method, said in methods.items()
    }


def shape_of(operation: str, status: str, media_type: str = "application/json") -> Draft202012Validator:
    return Draft202012Validator(described()[operation]["responses"][status]["content"][media_type]["schema"])


class TestDocument:
    def test_it_is_openapi_3_1(self) -> None:
        assert document()["openapi"].startswith("3.1")

    def test_it_covers_every_route_of_the_api(self) -> None:
        found = set(routes(get_resolver().url_patterns)) - UNDESCRIBED

        assert found == {name for name in described() if " /api/v1/" in name}

    def test_every_method_of_every_route_says_what_it_takes_and_gives(self) -> None:
        silent = [name for name, said in described().items() if said["responses"].get("200") == ANYTHING]

        assert silent == []

    def test_every_post_that_may_be_sent_again_says_so(self) -> None:
        posts = {name for name in described() if name.startswith("POST ")}
        again = {
            name
            for name, said in described().items()
            if "422" in said["responses"] and "Idempotency-Key" in {one["name"] for one in said["parameters"]}
        }

        assert again == {name for name in posts if not any(word in name for word in OTHER)}

    def test_operations_have_names_of_their_own(self) -> None:
        names = [said["operationId"] for said in described().values()]

        assert len(names) == len(set(names))

    def test_anyone_may_read_it(self, client: Client, settings: Settings) -> None:
        settings.ALLOWED_HOSTS = ["testserver"]

        answers = [client.get(path) for path in ("/api/v1/schema", "/api/v1/docs")]

        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[0].json()["info"]["title"] == "Polyphemus"
        assert b"POST /api/v1/bids" in answers[1].content


class TestTruth:
    @pytest.mark.parametrize("media_type", ["application/json", "application/vnd.polyphemus.v2+json"])
    def test_documents_have_the_shape_they_are_said_to_have(
        self,
        archived: AnalysisRequest,
        submit: Submit,
        program: Program,
        media_type: str,
    ) -> None:
        submit(name="open")

        one = program.get("/api/v1/requests/running", Accept=media_type).json()
        page = program.get("/api/v1/requests?status=any", Accept=media_type).json()

        shape_of("GET /api/v1/requests/{name}", "200", media_type).validate(one)
        shape_of("GET /api/v1/requests", "200", media_type).validate(page)

    def test_refusals_have_the_shape_they_are_said_to_have(self, program: Program) -> None:
        refused = program.post("/api/v1/bids", {})

        shape_of("POST /api/v1/bids", "400", "application/problem+json").validate(refused.json())
