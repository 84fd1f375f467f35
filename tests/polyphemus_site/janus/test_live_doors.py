"""What can't be taken back, or sets others to work, asks Janus at that moment: at every door there is."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from dispatch.models import AnalysisRequest
from loaders.models import Suggestion
from orphans.models import Review
from orphans.states import ReviewStatus
from tests.polyphemus_site.home import rows
from tests.polyphemus_site.janus.conftest import JanusServer
from tests.polyphemus_site.janus.tokens import token

pytestmark = pytest.mark.django_db
EMAIL = "dr.who@ucsf.edu"


@pytest.fixture(autouse=True)
def labors(now: datetime) -> None:
    """Something to publish, and something to remove."""
    rows.suggestion("LABORS-7", now=now, config={"inputs": ["a"]}).save()
    Review.objects.create(project="labors", status=ReviewStatus.OPEN, created_by=EMAIL, created_at=now)


def call(path: str, body: dict[str, Any]) -> HttpResponse:
    """As a script of theirs does."""
    said = {"Authorization": f"Etna {token(EMAIL, 'a:labors')}"}
    sent = json.dumps(body)
    return Client().post(path, sent, content_type="application/json", headers=said)  # type: ignore[return-value]  # the test client's own kind


def send(path: str, form: dict[str, str]) -> HttpResponse:
    """As their browser does."""
    client = Client()
    client.cookies["JANUS_TOKEN"] = token(EMAIL, "a:labors")
    return client.post(path, form)  # type: ignore[return-value]  # the same


def suggestion(what: str) -> str:
    return f"suggestions/{Suggestion.objects.get().pk}/{what}"


def remove() -> HttpResponse:
    said = {"decision": "remove", "confirm": "remove 1", "reason": "x"}
    return call(f"/api/v1/reviews/{Review.objects.get().pk}/decide", said)


PUBLISHING: dict[str, Callable[[], HttpResponse]] = {
    "api accept": lambda: call(f"/api/v1/{suggestion('accept')}", {}),
    "api request": lambda: call(
        "/api/v1/requests", {"analysis": "exome_pipe", "config": {"project": "labors", "inputs": ["a"]}}
    ),
    "page accept": lambda: send(f"/labors/{suggestion('accept')}", {}),
    "page configure": lambda: send("/labors/configure?analysis=exome_pipe", {"do": "publish"}),
    "page configure a suggestion": lambda: send(f"/labors/{suggestion('configure')}", {"do": "publish"}),
}


@pytest.mark.parametrize("door", PUBLISHING)
def test_an_editor_of_yesterday_publishes_nothing(janus: JanusServer, door: str) -> None:
    janus.projects = [{"project_name": "labors", "role": "viewer"}]

    assert PUBLISHING[door]().status_code == HTTPStatus.FORBIDDEN
    assert not AnalysisRequest.objects.exists()
    assert Suggestion.objects.get().status == "open"


@pytest.mark.parametrize("role", ["viewer", "editor", ""])
def test_an_admin_of_yesterday_removes_nothing(janus: JanusServer, role: str) -> None:
    janus.projects = [{"project_name": "labors", "role": role}]

    assert remove().status_code in {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}
    assert Review.objects.get().status == ReviewStatus.OPEN


def test_while_janus_is_away_nothing_is_removed(settings: Settings) -> None:
    settings.POLYPHEMUS_JANUS_URL = "http://127.0.0.1:1"

    answer = remove()

    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert json.loads(answer.content)["code"] == "janus_unavailable"
    assert Review.objects.get().status == ReviewStatus.OPEN
