"""The short way and Django's own give the same answers, header for header."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import RequestFactory
from django.utils import translation
from pytest_django import Settings
from rest_framework.permissions import BasePermission
from rest_framework.throttling import BaseThrottle

from dispatch.models import AnalysisRequest, ApiKey
from dispatch.services import keys
from dispatch.views import api
from polyphemus_site.api.lean import LeanView
from polyphemus_site.api.models import SignedCall
from polyphemus_site.short_way import Application, lean_views
from tests.dispatch.calls import HOST, KEK, Program, server_time
from tests.dispatch.conftest import Submit

Answer = tuple[int, dict[str, str], bytes]
#: What differs from call to call by nature.
BY_NATURE = ("X-Request-Id", "Retry-After")


@pytest.fixture(autouse=True)
def one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's transaction stays open between calls, as under Django's own test client."""
    monkeypatch.setattr(BaseDatabaseWrapper, "close_if_unusable_or_obsolete", lambda _: None)


@pytest.fixture(scope="module")
def short() -> Application:
    return Application()


@pytest.fixture(scope="module")
def long() -> WSGIHandler:
    return WSGIHandler()


def environ_of(method: str, target: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    parts = urlsplit(target)
    environ = (
        RequestFactory()
        .generic(method, parts.path, body, content_type="application/json" if body else "", headers=headers)
        .environ
    )
    environ |= {"QUERY_STRING": parts.query, "wsgi.input": io.BytesIO(body), "wsgi.errors": sys.stderr}
    return environ | {"PATH_INFO": unquote(parts.path)}


def answer(application: Callable[..., Any], environ: dict[str, Any]) -> Answer:
    seen: list[Any] = []
    parts = application(environ, lambda status, headers: seen.append((status, headers)))
    body = b"".join(parts)
    getattr(parts, "close", lambda: None)()
    status, headers = seen[0]
    return int(status.split(" ")[0]), dict(headers), body


def comparable(got: Answer) -> tuple[int, list[tuple[str, str]], Any]:
    status, headers, body = got
    document: Any = json.loads(body) if body else None
    if status >= 400 and document:
        document.pop("instance")
    kept = sorted((name.lower(), value) for name, value in headers.items() if name not in BY_NATURE)
    return status, kept, document


def calls(program: Program, method: str, target: str, body: Any, headers: dict[str, str]) -> list[Any]:
    """The same call twice, each with a signature of its own."""
    parts = urlsplit(target)
    signed = body if isinstance(body, dict) else dict(parse_qsl(parts.query, keep_blank_values=True))
    raw = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    return [
        environ_of(
            method, target, raw, {"Host": HOST, **program.headers(method, parts.path, signed), **headers}
        )
        for _ in range(2)
    ]


BID = {"analysis": "exome_pipe", "analyst": "saurabh.asthana@ucsf.edu", "time": "3600"}
V2 = "application/vnd.polyphemus.v2+json"


class Closed(BasePermission):
    """Lets nobody in."""

    def has_permission(self, *_: Any) -> bool:
        return False


class Slow(BaseThrottle):
    """Lets nobody in before a minute is over."""

    def allow_request(self, *_: Any) -> bool:
        return False

    def wait(self) -> float:
        return 60


class TestBothWays:
    @pytest.mark.parametrize(
        ("method", "target", "body", "headers"),
        [
            ("GET", "/api/v1/requests", None, {}),
            ("GET", "/api/v1/requests", None, {"Accept": "*/*"}),
            ("GET", "/api/v1/requests", None, {"Accept": "application/json"}),
            ("GET", "/api/v1/requests", None, {"Accept": V2}),
            ("GET", "/api/v1/requests", None, {"Accept": "text/html"}),
            ("GET", "/api/v1/requests", None, {"Accept": f"{V2};q=0.5, application/json"}),
            ("GET", "/api/v1/requests?limit=1", None, {}),
            ("GET", "/api/v1/requests?limit=0", None, {}),
            ("GET", "/api/v1/requests?nothing=1", None, {}),
            ("GET", "/api/v1/requests?format=v2", None, {}),
            ("GET", "/api/v1/requests", None, {"X-Etna-Signature": "0" * 64}),
            ("GET", "/api/v1/requests", None, {"X-Etna-Id": "nobody"}),
            ("GET", "/api/v1/requests", None, {"Authorization": "Etna abc"}),
            ("GET", "/api/v1/requests", None, {"Host": "evil.example.org"}),
            ("GET", "/api/v1/requests", None, {"Transfer-Encoding": "chunked"}),
            ("GET", "/api/v1/requests", None, {"X-Long": "x" * 70_000}),
            ("HEAD", "/api/v1/requests", None, {}),
            ("DELETE", "/api/v1/requests", None, {}),
            ("OPTIONS", "/api/v1/bids", None, {}),
            ("GET", "/api/v1/bids", None, {}),
            ("POST", "/api/v1/bids", {**BID, "name": "nowhere"}, {}),
            ("POST", "/api/v1/bids", {**BID, "name": "pair", "time": "0"}, {}),
            ("POST", "/api/v1/bids", {**BID, "name": "pair", "analyst": "another@ucsf.edu"}, {}),
            ("POST", "/api/v1/bids", {**BID, "name": "pair"}, {"Accept": "text/html"}),
            ("POST", "/api/v1/bids", {"analysis": "exome_pipe"}, {}),
            ("POST", "/api/v1/bids", b"{", {}),
            ("POST", "/api/v1/bids", b"", {}),
            ("POST", "/api/v1/bids", b"x" * 1_100_000, {}),
            ("POST", "/api/v1/bids", {**BID, "name": "pair"}, {"Content-Encoding": "gzip"}),
            ("POST", "/api/v1/bids", {**BID, "name": "pair"}, {"Content-Type": "text/plain"}),
            ("POST", "/api/v1/tickets", {"analysis": "exome_pipe", "name": "pair"}, {}),
            ("POST", "/api/v1/tickets", {"analysis": "exome_pipe", "name": "nowhere"}, {}),
        ],
    )
    def test_the_answer_is_the_same(
        self,
        short: Application,
        long: WSGIHandler,
        program: Program,
        submit: Submit,
        method: str,
        target: str,
        body: Any,
        headers: dict[str, str],
    ) -> None:
        submit(name="pair")
        submit(name="another")
        one, two = calls(program, method, target, body, headers)

        assert comparable(answer(short, one)) == comparable(answer(long, two))

    def test_a_bid_with_a_key_of_its_own_goes_the_long_way_and_is_answered(
        self, short: Application, program: Program, submit: Submit
    ) -> None:
        submit(name="pair")
        bid = {**BID, "name": "pair"}
        one, again = calls(program, "POST", "/api/v1/bids", bid, {"Idempotency-Key": "of-this-bid"})

        answers = [answer(short, environ) for environ in (one, again)]

        assert [(status, json.loads(body)["message"]) for status, _, body in answers] == [(200, "go")] * 2

    def test_what_is_known_already_is_the_same(
        self, short: Application, long: WSGIHandler, program: Program, submit: Submit
    ) -> None:
        submit(name="pair")
        tag = program.get("/api/v1/requests")["ETag"]
        one, two = calls(program, "GET", "/api/v1/requests", None, {"If-None-Match": tag})

        got = answer(short, one)

        assert got[0] == 304
        assert got[2] == b""
        assert comparable(got) == comparable(answer(long, two))

    def test_a_go_is_the_same_when_it_is_repeated(
        self, short: Application, long: WSGIHandler, program: Program, submit: Submit, analyst: str
    ) -> None:
        submit(name="pair")
        bid = {**BID, "analyst": analyst, "name": "pair"}
        program.post("/api/v1/bids", bid)
        one, two = calls(program, "POST", "/api/v1/bids", bid, {})

        got = answer(short, one)

        assert got[0] == 200
        assert comparable(got) == comparable(answer(long, two))

    @pytest.mark.parametrize(
        ("method", "path", "status"), [("GET", "/api/v1/requests", 200), ("POST", "/api/v1/bids", 409)]
    )
    def test_what_is_told_of_a_replaced_key_is_the_same(
        self, short: Application, long: WSGIHandler, program: Program, method: str, path: str, status: int
    ) -> None:
        key = ApiKey.objects.get(pk=program.key_id)
        keys.rotate(key, keep=timedelta(days=7), kek=KEK, actor="tests", now=server_time())
        bid = {**BID, "name": "nowhere"} if method == "POST" else None
        one, two = calls(program, method, path, bid, {})

        got = answer(short, one)

        assert (got[0], "Polyphemus-Key-Ends" in got[1]) == (status, True)
        assert comparable(got) == comparable(answer(long, two))

    def test_a_ticket_is_the_same_when_it_is_repeated(
        self, short: Application, long: WSGIHandler, program: Program, running: AnalysisRequest
    ) -> None:
        body = {"analysis": running.analysis, "name": running.name}
        one, two = calls(program, "POST", "/api/v1/tickets", body, {})

        got = answer(short, one)

        assert got[0] == 200
        assert comparable(got) == comparable(answer(long, two))

    @pytest.mark.parametrize(
        ("rule", "kind", "status"), [("permission", Closed, 403), ("throttle", Slow, 429)]
    )
    def test_a_rule_laid_on_a_view_holds_both_ways(
        self,
        short: Application,
        long: WSGIHandler,
        program: Program,
        submit: Submit,
        monkeypatch: pytest.MonkeyPatch,
        rule: str,
        kind: Any,
        status: int,
    ) -> None:
        submit(name="pair")
        monkeypatch.setattr(api.BidsView, f"{rule}_classes", (kind,))
        one, two = calls(program, "POST", "/api/v1/bids", {**BID, "name": "pair"}, {})

        got = answer(short, one)

        assert got[0] == status
        assert comparable(got) == comparable(answer(long, two))

    def test_a_crash_is_the_same(
        self,
        short: Application,
        long: WSGIHandler,
        program: Program,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def crash(*_: Any) -> None:
            raise RuntimeError("not foreseen")

        monkeypatch.setattr("dispatch.views.api.answers.page", crash)
        one, two = calls(program, "GET", "/api/v1/requests", None, {})

        got = answer(short, one)

        assert got[0] == 500
        assert comparable(got) == comparable(answer(long, two))

    def test_without_tls_both_send_the_caller_to_the_public_address(
        self, program: Program, settings: Settings
    ) -> None:
        settings.SECURE_SSL_REDIRECT = True
        one, two = calls(program, "GET", "/api/v1/requests", None, {})

        got, other = answer(Application(), one), answer(WSGIHandler(), two)

        assert (got[0], got[1]["Location"]) == (other[0], other[1]["Location"])
        assert got[0] == 301
        assert comparable(got) == comparable(other)

    @pytest.mark.parametrize(
        ("target", "body"),
        [("/api/v1/requests?limit=0", None), ("/api/v1/bids", {**BID, "name": "nowhere"})],
    )
    def test_the_log_tells_of_the_same_refusals(
        self,
        short: Application,
        long: WSGIHandler,
        program: Program,
        caplog: pytest.LogCaptureFixture,
        target: str,
        body: Any,
    ) -> None:
        one, two = calls(program, "POST" if body else "GET", target, body, {})

        lines = []
        for application, environ in ((short, one), (long, two)):
            caplog.clear()
            answer(application, environ)
            lines.append([(line.name, line.levelname, line.getMessage()) for line in caplog.records])

        assert lines[0] == lines[1]
        assert [line[:2] for line in lines[0]] == [("django.request", "WARNING")]


class TestWhoGoesWhichWay:
    @pytest.fixture(autouse=True)
    def ways(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Notes each call that reaches Django's own handler."""
        taken: list[str] = []
        django = WSGIHandler.__call__

        def noted(handler: Any, environ: Any, start_response: Any) -> Any:
            taken.append(environ["PATH_INFO"])
            return django(handler, environ, start_response)

        monkeypatch.setattr(WSGIHandler, "__call__", noted)
        return taken

    def test_a_signed_poll_goes_the_short_way(
        self, short: Application, program: Program, ways: list[str]
    ) -> None:
        answer(short, calls(program, "GET", "/api/v1/requests", None, {})[0])

        assert ways == []

    @pytest.mark.parametrize(
        "headers",
        [{"Origin": "https://timur.ucsf.edu"}, {"Cookie": "JANUS_TOKEN=x"}],
        ids=["origin", "cookie"],
    )
    def test_a_browser_goes_the_long_way(
        self, short: Application, program: Program, ways: list[str], headers: dict[str, str]
    ) -> None:
        answer(short, calls(program, "GET", "/api/v1/requests", None, headers)[0])

        assert ways == ["/api/v1/requests"]

    def test_an_unsigned_call_goes_the_long_way(self, short: Application, ways: list[str], db: None) -> None:
        answer(short, environ_of("GET", "/api/v1/requests", b"", {"Host": HOST}))

        assert ways == ["/api/v1/requests"]

    def test_another_spelling_of_the_path_goes_the_long_way_and_is_refused(
        self, short: Application, program: Program, ways: list[str]
    ) -> None:
        environ = calls(program, "GET", "/api/v1/requests", None, {})[0]
        environ["RAW_URI"] = "/api/v1/%72equests"

        status, _, body = answer(short, environ)

        assert (status, json.loads(body)["code"], ways) == (400, "bad_path", ["/api/v1/requests"])

    def test_the_lean_views_are_those_of_the_route_table(self, settings: Settings) -> None:
        lean = {path for path, view in lean_views(settings.ROOT_URLCONF).items() if view.lean}

        assert lean == {"/api/v1/requests", "/api/v1/bids", "/api/v1/tickets"}
        assert issubclass(api.BidsView, LeanView)

    def test_the_short_way_speaks_english_whatever_page_its_thread_showed_before(
        self, short: Application, program: Program
    ) -> None:
        with translation.override("es"):
            answer(short, calls(program, "GET", "/api/v1/requests", None, {})[0])

            assert translation.get_language() == "en"

    def test_a_refusal_on_the_short_way_is_audited_with_its_reason(
        self, short: Application, program: Program, ways: list[str]
    ) -> None:
        environ = calls(program, "GET", "/api/v1/requests", None, {"X-Etna-Signature": "0" * 64})[0]

        status, _, _ = answer(short, environ)

        assert (status, ways) == (401, [])
        assert SignedCall.objects.latest("id").reason == "signature"
