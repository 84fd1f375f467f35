"""How the API knows people, and refuses what may not be meant."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory
from pytest_django import Settings
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from polyphemus_site.janus.authentication import JanusAuthentication
from polyphemus_site.janus.errors import CrossSiteError
from polyphemus_site.janus.people import Person, Source
from tests.polyphemus_site.janus.conftest import JanusServer
from tests.polyphemus_site.janus.tokens import token

TIMUR = "https://timur.ucsf.edu"


def call(method: str = "get", *, cookie: str = "", **headers: Any) -> Person | None:
    factory = RequestFactory()
    factory.cookies["JANUS_TOKEN"] = cookie
    content_type = headers.pop("content_type", "application/json")
    request = factory.generic(method.upper(), "/api/v1/x", "{}", content_type, headers=headers)
    answer = JanusAuthentication().authenticate(Request(request))
    return answer[0] if answer else None


@pytest.fixture(autouse=True)
def origins(settings: Settings) -> None:
    settings.POLYPHEMUS_TIMUR_ORIGINS = [TIMUR]
    settings.POLYPHEMUS_URL = "https://polyphemus.ucsf.edu"


class TestWhoIsAsking:
    def test_a_cookie_names_the_person(self) -> None:
        person = call(cookie=token("dr.who@ucsf.edu"))

        assert person is not None
        assert (person.email, person.source) == ("dr.who@ucsf.edu", Source.COOKIE)

    def test_a_header_names_the_person(self) -> None:
        person = call(Authorization=f"Etna {token('dr.who@ucsf.edu')}")

        assert person is not None
        assert (person.email, person.source) == ("dr.who@ucsf.edu", Source.HEADER)

    def test_the_cookie_comes_first(self) -> None:
        person = call(cookie=token("cookie@ucsf.edu"), Authorization=f"Etna {token('header@ucsf.edu')}")

        assert person is not None
        assert person.email == "cookie@ucsf.edu"

    def test_without_a_token_the_next_scheme_gets_its_turn(self) -> None:
        assert call(Authorization="Hmac abc") is None

    def test_a_bad_token_is_refused_even_beside_a_good_one(self) -> None:
        with pytest.raises(AuthenticationFailed):
            call(cookie="bad", Authorization=f"Etna {token()}")

    def test_a_cookie_of_8_kb_is_refused_unread(self) -> None:
        with pytest.raises(AuthenticationFailed):
            call(cookie=token(name="x" * 8192))


class TestTaskTokens:
    def test_one_that_janus_honours_is_let_in(self, janus: JanusServer) -> None:
        task = token(perm="e:labors", task=True)
        janus.tasks.add(task)

        person = call(Authorization=f"Etna {task}")

        assert person is not None
        assert person.is_task

    def test_one_that_janus_has_forgotten_is_refused(self, janus: JanusServer) -> None:
        with pytest.raises(AuthenticationFailed):
            call(Authorization=f"Etna {token(perm='e:labors', task=True)}")

        assert janus.calls == ["/api/tokens/validate_task"]

    def test_without_janus_none_is_let_in(self) -> None:
        with pytest.raises(AuthenticationFailed):
            call(Authorization=f"Etna {token(perm='e:labors', task=True)}")


class TestCrossSite:
    def test_timurs_page_may_post(self) -> None:
        assert call("post", cookie=token(), Origin=TIMUR, **{"X-Polyphemus-Client": "1"})

    def test_our_own_page_may_post(self) -> None:
        own = "https://polyphemus.ucsf.edu"

        assert call("post", cookie=token(), Origin=own, **{"X-Polyphemus-Client": "1"})

    @pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "https://blog.ucsf.edu", "X-Polyphemus-Client": "1"},
            {"Origin": "null", "X-Polyphemus-Client": "1"},
            {"X-Polyphemus-Client": "1"},
            {"Origin": TIMUR},
            {"Origin": TIMUR, "X-Polyphemus-Client": "0"},
            {"Origin": TIMUR, "X-Polyphemus-Client": "1", "content_type": "text/plain"},
            {
                "Origin": TIMUR,
                "X-Polyphemus-Client": "1",
                "content_type": "application/x-www-form-urlencoded",
            },
            {"Origin": TIMUR + ".evil.org", "X-Polyphemus-Client": "1"},
        ],
        ids=str,
    )
    def test_a_call_that_may_not_be_meant_is_refused(self, method: str, headers: dict[str, str]) -> None:
        with pytest.raises(CrossSiteError):
            call(method, cookie=token(), **headers)

    def test_a_header_token_needs_no_origin(self) -> None:
        assert call("post", Authorization=f"Etna {token()}", content_type="text/plain")

    def test_reading_needs_no_origin(self) -> None:
        assert call("get", cookie=token())
