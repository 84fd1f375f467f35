"""Every error of the API is a problem with a code, and a crash shows nothing of itself."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

Send = Callable[..., Any]


def problem(response: Any) -> dict[str, Any]:
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["instance"] == f"urn:uuid:{response['X-Request-Id']}"
    assert uuid.UUID(response["X-Request-Id"]).version == 4
    assert (body["type"], body["status"]) == ("about:blank", response.status_code)
    return body


class TestProblems:
    @pytest.mark.parametrize(
        ("method", "target", "status", "code"),
        [
            ("GET", "/api/v1/open/refused", 409, "busy"),
            ("GET", "/api/v1/open/database", 503, "unavailable"),
            ("GET", "/api/v1/open/throttled", 429, "throttled"),
            ("GET", "/api/v1/open/invalid", 400, "invalid"),
            ("GET", "/api/v1/nowhere", 404, "not_found"),
            ("DELETE", "/api/v1/open", 405, "method_not_allowed"),
            ("get", "/api/v1/open", 400, "bad_method"),
            ("GET", "/api/v1//open", 400, "bad_path"),
            ("GET", "/api/v1/./open", 400, "bad_path"),
            ("GET", "/api/v1/x/../open", 400, "bad_path"),
            ("GET", "/api/v1/o%70en", 400, "bad_path"),
            ("GET", "/api/v1/open%2Fcrash", 400, "bad_path"),
            ("GET", "/api/v1/%e2%98%83", 400, "bad_path"),
            ("GET", "/api/v1/a+b", 400, "bad_path"),
            ("GET", f"/api/v1/open?{'a' * 9000}", 400, "headers_too_large"),
        ],
    )
    def test_each_refusal_has_its_code(
        self, send: Send, method: str, target: str, status: int, code: str
    ) -> None:
        response = send(method, target, RAW_URI=target)

        assert (response.status_code, problem(response)["code"]) == (status, code)

    def test_a_refusal_carries_its_members(self, send: Send) -> None:
        assert problem(send("GET", "/api/v1/open/refused"))["waiting"] == 3

    def test_a_throttled_call_says_when_to_come_back(self, send: Send) -> None:
        assert send("GET", "/api/v1/open/throttled")["Retry-After"] == "8"

    def test_a_crash_shows_nothing_of_itself_and_its_trace_is_logged(
        self, send: Send, caplog: pytest.LogCaptureFixture
    ) -> None:
        response = send("GET", "/api/v1/open/crash")

        assert (response.status_code, problem(response)["code"]) == (500, "internal")
        assert "secret of life" not in response.content.decode()
        assert "secret of life" in caplog.text
        assert response["X-Request-Id"] in caplog.text

    def test_an_unknown_host_is_a_problem_too(self, send: Send) -> None:
        response = send("GET", "/api/v1/open", HTTP_HOST="evil.example.com")

        assert (response.status_code, problem(response)["code"]) == (400, "bad_request")

    def test_a_page_nobody_has_is_no_problem_document(self, send: Send) -> None:
        response = send("GET", "/nowhere")

        assert response.status_code == 404
        assert response["Content-Type"].startswith("text/html")

    def test_a_callers_own_request_id_is_not_taken_over(self, send: Send) -> None:
        assert send("GET", "/api/v1/open", headers={"X-Request-Id": "mine"})["X-Request-Id"] != "mine"


class TestBodies:
    @pytest.mark.parametrize(
        ("body", "headers", "status", "code"),
        [
            (b'{"a":', {}, 400, "malformed_json"),
            (b'{"a": "\xff"}', {}, 400, "not_utf8"),
            (b'{"a": 1, "a": 2}', {}, 400, "duplicate_key"),
            (b'{"a": NaN}', {}, 400, "bad_number"),
            (b"[" * 1000, {}, 400, "too_deep"),
            (b'{"a": "\\u0000"}', {}, 400, "bad_text"),
            (b'{"a": "\\ud800"}', {}, 400, "bad_text"),
            (b"a=1", {"content-type": "application/x-www-form-urlencoded"}, 415, "unsupported_media_type"),
            (b"{}", {"content-type": "text/plain"}, 415, "unsupported_media_type"),
            (b"{}", {"content-type": "application/json; charset=latin-1"}, 415, "unsupported_media_type"),
            (b"{}", {"content-type": "application/json, text/plain"}, 415, "unsupported_media_type"),
            (b"{}", {"Content-Encoding": "gzip"}, 415, "unsupported_content_encoding"),
            (b"{}", {"Transfer-Encoding": "chunked"}, 411, "length_required"),
            (b"{}", {"Content-Length": "1048577"}, 413, "too_large"),
            (b"{}", {"Content-Length": "-1"}, 400, "bad_length"),
            (b"{}", {"Content-Length": "1e3"}, 400, "bad_length"),
            (b" " * 1_048_577, {}, 413, "too_large"),
        ],
    )
    def test_a_body_that_cannot_be_read_is_refused_with_a_code(
        self, send: Send, body: bytes, headers: dict[str, str], status: int, code: str
    ) -> None:
        length = {"CONTENT_LENGTH": headers["Content-Length"]} if "Content-Length" in headers else {}
        others = {name: value for name, value in headers.items() if name != "Content-Length"}

        response = send("POST", "/api/v1/open", body, others, **length)

        assert (response.status_code, problem(response)["code"]) == (status, code)

    @pytest.mark.parametrize(
        "content_type",
        ["application/json", "application/json; charset=utf-8", "application/json;charset=UTF-8"],
    )
    def test_plain_json_is_read(self, send: Send, content_type: str) -> None:
        response = send("POST", "/api/v1/open", b'{"a": [1]}', {"content-type": content_type})

        assert (response.status_code, response.json()) == (200, {"got": {"a": [1]}})
        assert response["Content-Type"] == "application/json"
