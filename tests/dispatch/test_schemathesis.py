"""The API does what its description says, whatever is sent: schemathesis makes the calls and is the judge."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import pytest
import requests
import schemathesis
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.transport import Response
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from dispatch.models import AnalysisRequest
from dispatch.scopes import EVERYTHING
from dispatch.services import keys
from polyphemus_site.openapi.schema import document
from polyphemus_site.short_way import Application
from tests.dispatch.calls import HOST, KEK, server_time
from tests.dispatch.conftest import Submit
from tests.dispatch.test_short_way import answer, environ_of
from tests.polyphemus_site.api import rfc9421_profile
from tests.polyphemus_site.janus.tokens import token

Operation = APIOperation[Any, Any, Any, Any]
Made = Case[Any]

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
CONFIG = SchemathesisConfig.from_dict({"generation": {"with-security-parameters": False}})
OPERATIONS = {
    found.ok().label: found.ok()  # type: ignore[union-attr]  # what is no operation fails here, and loudly
    for found in schemathesis.openapi.from_dict(document(), config=CONFIG).get_all_operations()
}
#: What stands in an address when it is not made up: there is such a request, and no such number.
KNOWN = {"name": "running", "project_name": "dt_lung", "pk": 1, "number": 1}
BOUNDED = settings(
    max_examples=8,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@dataclass
class Guest:
    """Sends what schemathesis made, as a person or as an analyst's program, and brings the answer back."""

    key_id: str
    secret: bytes
    token: str
    application: Application

    def call(self, case: Made, *, signs: bool) -> Response:
        kwargs = case.as_transport_kwargs(base_url=f"http://{HOST}")
        kwargs.pop("cookies", None)
        prepared = requests.Request(**kwargs).prepare()
        body: Any = prepared.body or b""
        raw: bytes = body.encode() if isinstance(body, str) else body
        headers = {str(name): str(value) for name, value in prepared.headers.items()}
        headers.pop("Content-Length", None)
        auth = (
            self._signature(str(prepared.method), prepared.path_url, raw)
            if signs
            else {"Authorization": f"Etna {self.token}"}
        )
        environ = environ_of(str(prepared.method), prepared.path_url, raw, {"Host": HOST, **headers, **auth})
        environ["PATH_INFO"] = unquote(
            prepared.path_url.partition("?")[0], encoding="latin-1"
        )  # as WSGI has it
        status, got, answered = answer(self.application, environ)
        listed = {name: [value] for name, value in got.items()}
        return Response(status, listed, answered, prepared, elapsed=0.0, verify=True)

    def _signature(self, method: str, target: str, raw: bytes) -> dict[str, str]:
        signing = rfc9421_profile.Signing(
            key=self.secret,
            authority=HOST,
            method=method,
            target=target,
            body=raw,
            key_id=self.key_id,
            nonce=secrets.token_urlsafe(16),
            created=int(server_time().timestamp()),
        )
        headers = signing.headers()
        headers.pop("content-type", None)
        return headers


@pytest.fixture
def guest(
    janus: None,
    deferred: AnalysisRequest,
    submit: Submit,
    analyst: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Guest:
    monkeypatch.setattr(BaseDatabaseWrapper, "close_if_unusable_or_obsolete", lambda _: None)
    submit(name="open")
    made = keys.create(
        analyst=analyst, scheme="rfc9421-v1", scopes=EVERYTHING, kek=KEK, actor="tests", now=server_time()
    )
    return Guest(made.key.pk, made.secret.encode(), token(analyst, "a:dt_lung"), Application())


def can_be_broken(operation: Operation) -> bool:
    """Whether a query or a body is described, and not as anything at all."""
    described = document()["paths"][operation.path][operation.method]
    body = described.get("requestBody", {}).get("content", {}).get("application/json", {})
    return bool(operation.query or body.get("schema"))


def about_what_there_is(case: Made) -> Made:
    """The case, of a request there is where its body names one."""
    if isinstance(case.body, dict) and {"name", "analysis"} <= set(case.body):
        name = "open" if "time" in case.body and "analyst" in case.body else "running"
        case.body |= {"name": name, "analysis": "exome_pipe"}
        if "analyst" in case.body:
            case.body["analyst"] = "saurabh.asthana@ucsf.edu"
    return case


def known_in(operation: Operation) -> dict[str, Any]:
    return {part.name: KNOWN[part.name] for part in operation.path_parameters}


def judged(guest: Guest, operation: Operation, cases: st.SearchStrategy[Made]) -> None:
    """Make the calls, each in a transaction of its own, and have the answers judged."""
    signs = {"signature": []} in document()["paths"][operation.path][operation.method].get("security", [])

    @BOUNDED
    @given(case=cases)
    def judge(case: Made) -> None:
        with transaction.atomic():
            response = guest.call(case, signs=signs)
            transaction.set_rollback(True)
        case.validate_response(response, checks=CHECKS)

    judge()


@pytest.mark.parametrize("label", OPERATIONS)
def test_what_fits_the_description_is_answered_as_described(guest: Guest, label: str) -> None:
    operation = OPERATIONS[label]
    made_up = operation.as_strategy(GenerationMode.POSITIVE)
    known = operation.as_strategy(GenerationMode.POSITIVE, path_parameters=known_in(operation))

    judged(guest, operation, made_up | known.map(about_what_there_is))


@pytest.mark.parametrize("label", [label for label, one in OPERATIONS.items() if can_be_broken(one)])
def test_what_does_not_fit_the_description_is_refused(guest: Guest, label: str) -> None:
    operation = OPERATIONS[label]

    judged(
        guest,
        operation,
        operation.as_strategy(GenerationMode.NEGATIVE, path_parameters=known_in(operation)),
    )
