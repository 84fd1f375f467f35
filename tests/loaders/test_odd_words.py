"""Whatever is written into an address gets an answer, never a crash."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote

import pytest
from django.test import Client
from pytest_django import Settings

from loaders.urls import api_urlpatterns
from magma.client import Magma
from tests.loaders.rows import suggested
from tests.polyphemus_site.janus.tokens import public_key, token

pytestmark = pytest.mark.django_db(transaction=True)

ODD = ["\0", "a/b", "a b", "a\nb", "../..", "é\u2028", "%", "'; --", "x" * 3000, "-1", "9" * 30, "🦠"]
API = [f"/api/v1/{one.pattern}" for one in api_urlpatterns if "<" not in str(one.pattern)]
PAGES = ["suggestions", "explain", "waiting", "shadows", "scans", "usefulness"]


@pytest.fixture(autouse=True)
def janus_key(settings: Settings) -> None:
    settings.POLYPHEMUS_JANUS_PUBLIC_KEY, settings.POLYPHEMUS_JANUS_URL = public_key(), ""


@pytest.fixture
def visitor() -> Client:
    client = Client(raise_request_exception=False)
    client.cookies["JANUS_TOKEN"] = token(perm="A:dt_lung")
    return client


@pytest.mark.parametrize("word", ODD)
def test_in_every_place_of_a_query(magma: Magma, visitor: Client, word: str) -> None:
    words = [f"{name}={quote(word)}" for name in ("record", "model", "loader", "status", "after")]
    odd = [*words, "&".join(words[:3]), f"loader=exome_pipe&record={quote(word)}"]

    answers = {
        f"{place}?{query}": visitor.get(f"{place}?project=dt_lung&{query}").status_code
        for place in [*API, *(f"/dt_lung/{page}" for page in PAGES)]
        for query in odd
    }

    assert {place: status for place, status in answers.items() if status not in {200, 400, 404}} == {}


@pytest.mark.parametrize("word", ODD)
def test_as_a_project(visitor: Client, word: str) -> None:
    asked = [f"{place}?project={quote(word)}" for place in API]
    asked += [f"/{quote(word, safe='')}/{page}" for page in PAGES]

    answers = {place: visitor.get(place).status_code for place in asked}

    assert {place: status for place, status in answers.items() if status not in {301, 400, 404}} == {}


@pytest.mark.parametrize("number", ["9" * 30, "0", str(2**63), str(2**63 - 1)])
def test_as_the_number_of_a_suggestion(visitor: Client, number: str) -> None:
    places = [f"/api/v1/suggestions/{number}", f"/dt_lung/suggestions/{number}"]

    assert [visitor.get(place).status_code for place in places] == [404, 404]


@pytest.mark.parametrize("name", ["a/b", "a b\n", "<b>é</b>", "'\"&", "..", "🦠", "x" * 500])
def test_as_the_name_of_a_record_that_is_suggested(visitor: Client, now: datetime, name: str) -> None:
    suggestion = suggested(name, now, records=[f"patient/{name}"])

    listed = visitor.get("/api/v1/suggestions", {"project": "dt_lung", "model": "patient", "record": name})
    pages = [visitor.get(f"/dt_lung/suggestions{rest}") for rest in ("", f"/{suggestion.pk}")]

    assert [one["record"] for one in listed.json()["suggestions"]] == [name]
    assert [page.status_code for page in pages] == [200, 200]
    assert b"<b>" not in pages[0].content


@pytest.mark.parametrize(
    "form",
    [
        {"for": "project", "reason": "\0"},
        {"for": "me", "reason": "\0"},
        {"for": "nobody"},
        {"for": "project", "reason": "  "},
    ],
)
def test_as_a_reason(visitor: Client, now: datetime, form: dict[str, str]) -> None:
    suggestion = suggested("DTL001", now)

    answer = visitor.post(f"/dt_lung/suggestions/{suggestion.pk}/dismiss", form)

    suggestion.refresh_from_db()
    assert (answer.status_code, suggestion.status) == (400, "open")
