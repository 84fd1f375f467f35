"""HTTP as no honest client writes it, against granian: refused or harmless, and no call counts twice."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator

import pytest

from dispatch.services import keys
from magma.journal.models import JournalEntry
from polyphemus_site.api.models import SignedCall
from tests.polyphemus_site.api.wire import poll, post, pushed
from tests.web import PATIENCE, Web

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

METHODS = ("HEAD", "OPTIONS", "TRACE", "CONNECT", "PUT", "PATCH", "DELETE", "PROPFIND", "get", "X" * 300)
PATHS = ("/api/v1/requests", "/api/v1/requests/any", "/api/v1/bids", "/api/log/labors/write", "/healthz", "*")


def answers(web: Web, raw: bytes) -> list[tuple[int, bytes]]:
    """Every answer on one connection, with its body."""
    with socket.create_connection(("127.0.0.1", web.port), timeout=PATIENCE) as line:
        line.sendall(raw)
        received = b"".join(iter(lambda: line.recv(65536), b""))
    parts = re.split(rb"HTTP/1\.[01] (?=\d{3} )", received)[1:]
    return [(int(part[:3]), part.partition(b"\r\n\r\n")[2]) for part in parts]


def statuses(web: Web, raw: bytes) -> list[int]:
    """The statuses alone."""
    return [status for status, _ in answers(web, raw)]


def kept_open(raw: bytes) -> bytes:
    """The same call, after which more will follow."""
    return raw.replace(b"Connection: close\r\n", b"")


@pytest.fixture
def push() -> Iterator[bytes]:
    """A good call; whatever was made of it, it was taken at most once."""
    yield post(*pushed())
    assert JournalEntry.objects.count() <= 1


class TestPipelines:
    def test_calls_in_a_row_are_judged_one_by_one(self, web: Web) -> None:
        first, second = post(*pushed()), post(*pushed())

        assert statuses(web, kept_open(first) + kept_open(first) + second) == [200, 401, 200]
        assert SignedCall.objects.get(accepted=False).reason == "replay"

    def test_what_stands_behind_a_body_is_another_call(self, web: Web, push: bytes) -> None:
        hidden = b"POST /api/log/other/write HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"

        assert statuses(web, kept_open(push) + hidden) == [200, 401]


class TestFraming:
    @pytest.mark.parametrize(
        "lines",
        [
            ("Content-Length: 3",),
            ("Content-Length: +9",),
            ("Content-Length: -1",),
            ("Content-Length: 0x10",),
            ("Transfer-Encoding: xchunked",),
            ("Transfer-Encoding: chunked, identity",),
            ("Transfer-Encoding: chunked",),
            ("X-Folded: a", " X-Etna-Id: b"),
            ("X-Spaced : a",),
            ("X-Bare: a\rX-Etna-Id: b",),
            ("X-Nul: a\0",),
        ],
    )
    def test_a_call_that_two_could_cut_differently_is_refused(
        self,
        web: Web,
        push: bytes,
        lines: tuple[str, ...],
    ) -> None:
        head, _, body = push.partition(b"\r\n\r\n")
        raw = b"\r\n".join([head, *(line.encode() for line in lines), b"", body])

        (status,) = statuses(web, raw)[:1]

        assert status in (400, 411)
        assert not JournalEntry.objects.exists()

    def test_the_same_length_twice_is_one_length(self, web: Web, push: bytes) -> None:
        length = re.search(rb"Content-Length: \d+", push)
        assert length

        assert statuses(web, push.replace(length[0], length[0] + b"\r\n" + length[0])) == [200]

    @pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
    def test_a_call_without_a_host_is_for_nobody(self, web: Web, push: bytes, version: str) -> None:
        raw = push.replace(b"Host: 127.0.0.1\r\n", b"").replace(b"HTTP/1.1", version.encode(), 1)

        assert statuses(web, raw) == [400]

    def test_an_old_client_is_answered(self, web: Web, push: bytes) -> None:
        assert statuses(web, push.replace(b"HTTP/1.1", b"HTTP/1.0", 1)) == [200]

    @pytest.mark.parametrize(
        ("lines", "status"),
        [
            (["X-A: " + "a" * 1_000_000], 431),
            ([f"X-A{number}: a" for number in range(10_000)], 431),
            (["X-A: " + "a" * 100_000], 400),
        ],
    )
    def test_headers_without_end_are_refused(
        self,
        web: Web,
        push: bytes,
        lines: list[str],
        status: int,
    ) -> None:
        head, _, body = push.partition(b"\r\n\r\n")

        assert statuses(web, b"\r\n".join([head, *(line.encode() for line in lines), b"", body])) == [status]


class TestTargets:
    @pytest.mark.parametrize(
        "target",
        [
            "/api/v1/%2e%2e/requests",
            "/api/v1/requests/%2E",
            "/api/v1//requests",
            "/api/v1/requests%00",
            "/api/v1/requests%0d%0aX-Etna-Id:%20a",
            "/api/v1/requests;x=1",
            "/api/v1/requests/%ff",
            "/api/v1/requests/%F0%28%8C%BC",
        ],
    )
    def test_a_path_that_proxies_rewrite_is_refused(
        self,
        web: Web,
        api_key: keys.NewKey,
        target: str,
    ) -> None:
        ((status, body),) = answers(web, poll(api_key, web.port, target))

        assert (status, json.loads(body)["code"]) == (400, "bad_path")

    @pytest.mark.parametrize("target", ["/api/v1/Requests", "/api/v1/requests/", "/API/v1/requests"])
    def test_an_address_in_other_letters_is_none(
        self,
        web: Web,
        api_key: keys.NewKey,
        target: str,
    ) -> None:
        assert statuses(web, poll(api_key, web.port, target)) == [404]

    def test_an_escaped_spelling_is_not_what_was_signed(
        self,
        web: Web,
        api_key: keys.NewKey,
    ) -> None:
        assert statuses(web, poll(api_key, web.port, "/api/v1/%72equests")) == [401]


class TestMethods:
    @pytest.mark.parametrize("path", PATHS)
    @pytest.mark.parametrize("method", METHODS, ids=[method[:8] for method in METHODS])
    def test_no_method_crashes_any_address(self, web: Web, method: str, path: str) -> None:
        raw = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{web.port}\r\nConnection: close\r\n\r\n"

        (status,) = statuses(web, raw.encode())

        assert status < 500
        assert path == "/healthz" or status >= 400

    def test_a_trace_sends_no_signature_back(self, web: Web, push: bytes) -> None:
        raw = push.replace(b"POST ", b"TRACE ", 1)

        ((status, body),) = answers(web, raw)

        assert status >= 400
        assert b"X-Etna-Signature" not in body
