"""Every address of the API, found by walking the site: a new one is covered the day it is added."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from polyphemus_site.api.authentication import SignedAuthentication
from polyphemus_site.api.parsers import MAX_BODY

HOST = "polyphemus.example.org"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
#: What a made-up address puts in each place of a route.
PLACES = {
    "int": "1",
    "str": "anything",
    "slug": "anything",
    "uuid": "6f6f2a0e-7b1e-4a3e-9a43-0d6d4f6f2a0e",
    "path": "a/b",
}
#: A signature of each scheme that nobody made.
FORGED = {
    "etna-v1": {
        "X-Etna-Signature": "0" * 64,
        "X-Etna-Expiration": "2099-01-01T00:00:00+00:00",
        "X-Etna-Nonce": "n" * 32,
        "X-Etna-Id": "magma",
        "X-Etna-Headers": "",
    },
    "rfc9421-v1": {"Signature": "sig=:AAAA:", "Signature-Input": 'sig=("@method");keyid="pk_a"'},
    "none": {},
}


@dataclass(frozen=True)
class Route:
    """One address and the view behind it."""

    path: str
    view: Any

    @property
    def methods(self) -> list[str]:
        return [method for method in METHODS if hasattr(self.view, method.lower())]

    @property
    def is_signed_only(self) -> bool:
        kinds = self.view.authentication_classes
        return bool(kinds) and all(issubclass(kind, SignedAuthentication) for kind in kinds)


def api_routes() -> list[Route]:
    return [
        route for route in _walk(get_resolver("polyphemus_site.urls"), "/") if route.path.startswith("/api/")
    ]


def _walk(resolver: URLResolver, prefix: str) -> Iterator[Route]:
    for entry in resolver.url_patterns:
        path = prefix + _filled(entry)
        if isinstance(entry, URLResolver):
            yield from _walk(entry, path)
        elif hasattr(entry.callback, "cls"):
            yield Route(path, entry.callback.cls)


def _filled(entry: URLPattern | URLResolver) -> str:
    route = str(entry.pattern)
    for name, converter in entry.pattern.converters.items():
        kind = type(converter).__name__.removesuffix("Converter").lower().replace("string", "str")
        for written in (f"<{kind}:{name}>", f"<{name}>"):
            route = route.replace(written, PLACES.get(kind, "anything"))
    return route


ROUTES = api_routes()
SIGNED = [(route, method) for route in ROUTES if route.is_signed_only for method in route.methods]
BODIED = [
    (route, method) for route in ROUTES for method in route.methods if method in ("POST", "PUT", "PATCH")
]
WRONG = [(route, method) for route in ROUTES for method in METHODS if method not in route.methods]


def named(cases: list[tuple[Route, str]]) -> list[str]:
    return [f"{method} {route.path}" for route, method in cases]


@pytest.fixture
def client(settings: LazySettings) -> Client:
    settings.ALLOWED_HOSTS = [HOST]
    settings.POLYPHEMUS_URL = f"http://{HOST}"
    settings.SECURE_SSL_REDIRECT = False
    return Client(raise_request_exception=False, headers={"host": HOST})


#: One statement that counts the rows of every table of ours, the audit aside.
COUNT = " UNION ALL ".join(
    f"SELECT '{model._meta.db_table}', count(*) FROM \"{model._meta.db_table}\""
    for model in apps.get_models()
    if model.__name__ not in ("SignedCall", "NonceMemory")
)


def rows() -> dict[str, int]:
    """How many rows each table holds."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT)
        return dict(cursor.fetchall())


def code_of(response: Any) -> str:
    """The code of a problem, which every refusal is."""
    assert 400 <= response.status_code < 500, response.content
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert {"type", "title", "status", "code", "instance"} <= body.keys()
    assert body["status"] == response.status_code
    return str(body["code"])


def test_the_walk_finds_the_addresses_of_the_contract() -> None:
    paths = {route.path for route in ROUTES}

    assert {"/api/log/anything/write", "/api/v1/bids", "/api/v1/tickets", "/api/v1/requests"} <= paths


@pytest.mark.django_db
class TestSigned:
    @pytest.mark.parametrize(("route", "method"), SIGNED, ids=named(SIGNED))
    @pytest.mark.parametrize("scheme", FORGED)
    def test_refuses_a_forged_call_and_stores_nothing(
        self, client: Client, route: Route, method: str, scheme: str
    ) -> None:
        before = rows()

        response = client.generic(
            method, route.path, b"{}", content_type="application/json", headers=FORGED[scheme]
        )

        assert (response.status_code, code_of(response)) == (401, "unauthorized")
        assert response["WWW-Authenticate"] == 'Signature realm="polyphemus"'
        assert rows() == before


@pytest.mark.django_db
class TestEveryRoute:
    @pytest.mark.parametrize(("route", "method"), WRONG, ids=named(WRONG))
    def test_a_wrong_method_is_a_problem(self, client: Client, route: Route, method: str) -> None:
        response = client.generic(method, route.path, b"", content_type="application/json")

        assert code_of(response) in ("method_not_allowed", "unauthorized")

    @pytest.mark.parametrize(("route", "method"), BODIED, ids=named(BODIED))
    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            (b'{"a":', "application/json"),
            (b'{"a": "\xff"}', "application/json"),
            (b"{}", "text/plain"),
            (b"a=1", "application/x-www-form-urlencoded"),
            (b"[]", "application/json"),
            (b"3", "application/json"),
            (b"[" * 100_000, "application/json"),
        ],
        ids=["malformed", "not utf-8", "text", "form", "list", "number", "deep"],
    )
    def test_a_bad_body_is_a_problem_and_stores_nothing(
        self, client: Client, route: Route, method: str, body: bytes, content_type: str
    ) -> None:
        before = rows()

        response = client.generic(method, route.path, body, content_type=content_type)

        assert code_of(response)
        assert rows() == before

    @pytest.mark.parametrize(("route", "method"), BODIED, ids=named(BODIED))
    def test_a_body_beyond_the_limit_is_refused_before_anything_else(
        self, client: Client, route: Route, method: str
    ) -> None:
        limit = getattr(route.view, "max_body", MAX_BODY)

        response = client.generic(
            method, route.path, b"{}", content_type="application/json", CONTENT_LENGTH=str(limit + 1)
        )

        assert (response.status_code, code_of(response)) == (413, "too_large")
