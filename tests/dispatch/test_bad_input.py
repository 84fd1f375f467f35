"""Bad input to every field of every body: a problem with a stable code, nothing stored, never a 500.

The addresses come from the route table and their fields from what the views say of themselves, so that a new
one is covered the day it is added.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from dispatch import urls
from dispatch.models import AnalysisRequest
from dispatch.scopes import EVERYTHING, Scopes
from dispatch.services import keys
from polyphemus_site.openapi.schema import document
from polyphemus_site.short_way import Application
from tests.dispatch.bad_values import Field, bad_values_for, fields_of, put, without
from tests.dispatch.calls import HOST, KEK, server_time
from tests.dispatch.conftest import Submit
from tests.dispatch.test_short_way import answer, environ_of
from tests.polyphemus_site.api import rfc9421_profile
from tests.polyphemus_site.janus.tokens import token

Shapes = dict[str, Any]

#: A good value for each name there is; a new name needs a new line.
GOOD: dict[str, Any] = {
    "analysis": "exome_pipe",
    "analyst": "saurabh.asthana@ucsf.edu",
    "name": "running",
    "time": "3600",
    "award": "1",
    "reason": "The disk is full.",
    "note": "Not needed any more.",
    "text": "How far is it?",
    "config": {"project": "dt_lung", "inputs": ["tumor.exome"], "params": {"depth": 3}},
}
#: Where `running` is not what it is about.
ABOUT = {"POST /api/v1/bids": "open", "POST /api/v1/requests": "another"}


@dataclass(frozen=True)
class Route:
    """An address that takes a body, and one kind of caller it takes it from."""

    operation: str
    caller: str

    def __str__(self) -> str:
        return f"{self.operation} by {self.caller}"

    @property
    def path(self) -> str:
        return self.operation.removeprefix("POST ")

    @property
    def described(self) -> Shapes:
        described: Shapes = document()["paths"][self.path]["post"]
        return described

    @property
    def shape(self) -> Shapes:
        shape: Shapes = self.described["requestBody"]["content"]["application/json"]["schema"]
        return shape

    @property
    def about(self) -> str:
        return ABOUT.get(self.operation, "running")

    def good(self) -> dict[str, Any]:
        """A body that is taken, with all its optional parts."""
        return {name: GOOD[name] for name in self.shape["properties"]} | (
            {"name": self.about} if "name" in self.shape["properties"] else {}
        )


def routes() -> Iterator[Route]:
    for pattern in urls.api_urlpatterns:
        path = "/api/v1/" + str(pattern.pattern).replace("<str:", "{").replace(">", "}")
        described = document()["paths"][path].get("post")
        for security in described["security"] if described else ():
            yield from (Route(f"POST {path}", caller) for caller in security)


ROUTES = list(routes())
PLACES = [
    pytest.param(route, field, id=f"{route}: {field}") for route in ROUTES for field in fields_of(route.shape)
]


@pytest.fixture(autouse=True)
def one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's transaction stays open between calls, as under Django's own test client."""
    monkeypatch.setattr(BaseDatabaseWrapper, "close_if_unusable_or_obsolete", lambda _: None)


Answer = tuple[int, str, dict[str, Any]]


@dataclass
class Strangers:
    """Calls whose bodies are any bytes, signed over just these bytes; the short way and Django's own."""

    key_id: str
    secret: bytes
    token: str
    ways: tuple[Callable[..., Any], ...] = (Application(), WSGIHandler())

    def send(self, route: Route, body: str | bytes, *, about: str | None = None) -> Answer:
        """Both ways; they must agree."""
        path = route.path.replace("{name}", about or route.about)
        answers = [self.send_one_way(way, route, path, body) for way in self.ways]
        assert answers[0] == answers[1]
        return answers[0]

    def send_one_way(self, way: Callable[..., Any], route: Route, path: str, body: str | bytes) -> Answer:
        raw = body if isinstance(body, bytes) else body.encode()
        headers = self._signature(path, raw) if route.caller == "signature" else self._token()
        status, got, text = answer(way, environ_of("POST", path, raw, {"Host": HOST, **headers}))
        told = json.loads(text)
        told.pop("instance", None)
        return status, got["Content-Type"], told

    def _token(self) -> dict[str, str]:
        return {"Authorization": f"Etna {self.token}"}

    def _signature(self, path: str, raw: bytes) -> dict[str, str]:
        signing = rfc9421_profile.Signing(
            key=self.secret,
            authority=HOST,
            target=path,
            body=raw,
            key_id=self.key_id,
            nonce=secrets.token_urlsafe(16),
            created=int(server_time().timestamp()),
        )
        headers = signing.headers()
        headers.pop("content-type")
        return headers


def strangers(email: str, scopes: Scopes, perm: str) -> Strangers:
    made = keys.create(
        analyst=email, scheme="rfc9421-v1", scopes=scopes, kek=KEK, actor="tests", now=server_time()
    )
    return Strangers(made.key.pk, made.secret.encode(), token(email, perm))


@pytest.fixture
def callers(janus: None, deferred: AnalysisRequest, submit: Submit, analyst: str) -> Strangers:
    """Who may do everything here; one request is deferred and one is open."""
    submit(name="open")
    return strangers(analyst, EVERYTHING, "a:dt_lung")


@pytest.fixture
def outsiders(janus: None, deferred: AnalysisRequest, submit: Submit, outsider: str) -> Strangers:
    """Who may do nothing here."""
    submit(name="open")
    return strangers(outsider, Scopes(), "e:other")


def kept() -> tuple[Any, ...]:
    """Row counts of all tables but those of authentication, and every request as it is."""
    tables = [name for name in sorted(connection.introspection.table_names()) if not name.startswith("api_")]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT '{name}', count(*) FROM {name}" for name in tables))
        counts = cursor.fetchall()
    return counts, list(AnalysisRequest.objects.order_by("pk").values())


def status_of(code: str) -> int:
    return 413 if code == "too_large" else 400


def refusal(got: Answer) -> tuple[int, str, str]:
    status, media_type, told = got
    return status, media_type, told.get("code", "")


def expected(code: str) -> tuple[int, str, str]:
    return status_of(code), "application/problem+json", code


class TestFields:
    @pytest.mark.parametrize("route", ROUTES, ids=str)
    def test_what_is_good_is_taken(self, callers: Strangers, route: Route) -> None:
        path = route.path.replace("{name}", route.about)

        status, _, told = callers.send_one_way(callers.ways[0], route, path, json.dumps(route.good()))

        assert status in {200, 201, 202}, told

    @pytest.mark.parametrize(("route", "field"), PLACES)
    def test_bad_values_are_refused_and_nothing_is_stored(
        self, callers: Strangers, route: Route, field: Field
    ) -> None:
        before, bad = kept(), bad_values_for(field)

        got = {
            label: refusal(callers.send(route, put(route.good(), field.path, value)))
            for label, (value, _) in bad.items()
        }

        assert got == {label: expected(code) for label, (_, code) in bad.items()}
        assert kept() == before

    @pytest.mark.parametrize(("route", "field"), PLACES)
    def test_a_name_given_twice_is_refused(self, callers: Strangers, route: Route, field: Field) -> None:
        before, good = kept(), route.good()
        value = good
        for name in field.path:
            value = value[name]
        twice = f"{json.dumps(value)}, {json.dumps(field.name)}: {json.dumps(value)}"

        got = refusal(callers.send(route, put(good, field.path, twice)))

        assert got == expected("duplicate_key")
        assert kept() == before

    @pytest.mark.parametrize(
        ("route", "field"),
        [place for place in PLACES if place.values[1].required],  # type: ignore[union-attr]
    )
    def test_a_missing_name_is_refused(self, callers: Strangers, route: Route, field: Field) -> None:
        before = kept()

        _, _, told = got = callers.send(route, json.dumps(without(route.good(), field.path)))

        assert (refusal(got), told["field"]) == (expected("missing_field"), field.name)
        assert kept() == before

    @pytest.mark.parametrize("route", ROUTES, ids=str)
    @pytest.mark.parametrize("name", ["due-date", "Name", "n\u0430me", "name ", "\u202ename", ""])
    def test_a_name_that_is_not_known_is_refused(self, callers: Strangers, route: Route, name: str) -> None:
        before = kept()

        got = callers.send(route, json.dumps({**route.good(), name: "2026-05-04T12:00:00Z"}))

        assert refusal(got) == expected("unknown_field")
        assert kept() == before


class TestBodies:
    @pytest.mark.parametrize("route", ROUTES, ids=str)
    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b"[]", "not_an_object"),
            (b"null", "not_an_object"),
            (b'"x"', "not_an_object"),
            (b"7", "not_an_object"),
            (b" ", "empty_body"),
            (b"{", "malformed_json"),
            (b"{}{}", "malformed_json"),
            (b"\xef\xbb\xbf{}", "malformed_json"),
            (b'{"name": "\xed\xa0\x80"}', "not_utf8"),
            (b'{"name": "\xff"}', "not_utf8"),
            ("{}".encode("utf-16"), "not_utf8"),
            (b"[" * 200_000, "too_deep"),
        ],
        ids=str,
    )
    def test_a_body_that_is_no_object_is_refused(
        self, callers: Strangers, route: Route, body: bytes, code: str
    ) -> None:
        before = kept()

        got = callers.send(route, body)

        assert refusal(got) == expected(code)
        assert kept() == before


class TestNames:
    @pytest.mark.parametrize(
        "route", [one for one in ROUTES if one.operation != "POST /api/v1/requests"], ids=str
    )
    @pytest.mark.parametrize("change", [str.upper, str.title], ids=["upper", "title"])
    def test_another_letter_case_is_another_name(
        self, callers: Strangers, route: Route, change: Callable[[str], str]
    ) -> None:
        self._is_as_unknown(callers, route, change(route.about))

    @pytest.mark.parametrize(
        "route",
        [one for one in ROUTES if one.operation != "POST /api/v1/requests" and "{" not in one.path],
        ids=str,
    )
    @pytest.mark.parametrize("letter", ["\u0578", "\uff4e", "n\u200b", "n\u0308", "n "])
    def test_a_look_alike_is_another_name(self, callers: Strangers, route: Route, letter: str) -> None:
        self._is_as_unknown(callers, route, route.about.replace("n", letter))

    @pytest.mark.parametrize("route", ROUTES, ids=str)
    def test_unknown_and_forbidden_look_the_same(self, outsiders: Strangers, route: Route) -> None:
        known = {**route.good()}
        unknown = known | ({"name": "nowhere"} if "name" in known and route.about != "another" else {})
        if "config" in unknown:
            unknown["config"] = {**unknown["config"], "project": "nowhere"}
        if "analyst" in known:
            known["analyst"] = unknown["analyst"] = "outsider@elsewhere.org"
        before = kept()

        forbidden = outsiders.send(route, json.dumps(known))

        assert forbidden == outsiders.send(route, json.dumps(unknown), about="nowhere")
        assert forbidden[0] in {403, 404, 409}
        assert kept() == before

    def _is_as_unknown(self, callers: Strangers, route: Route, name: str) -> None:
        before = kept()
        bodies = [
            json.dumps(route.good() | ({"name": given} if "name" in route.good() else {}))
            for given in (name, "nowhere")
        ]
        got = callers.send(route, bodies[0], about=name)

        assert got == callers.send(route, bodies[1], about="nowhere")
        assert got[0] in {404, 409}
        assert kept() == before

    @pytest.mark.parametrize("name", ["OPEN", "Open", "open"])
    def test_a_name_used_before_in_another_letter_case_is_taken(self, callers: Strangers, name: str) -> None:
        route = next(one for one in ROUTES if one.operation == "POST /api/v1/requests")
        before = kept()

        got = callers.send(route, json.dumps(route.good() | {"name": name}))

        assert refusal(got) == (409, "application/problem+json", "name_taken")
        assert kept() == before
