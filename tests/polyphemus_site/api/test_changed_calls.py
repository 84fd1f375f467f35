"""A signed call of which a stranger changes what is asked: body, method, path, query or host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from polyphemus_site.api.models import SignedCall
from tests.polyphemus_site.api import rfc9421_profile
from tests.polyphemus_site.api.conftest import HOST, RAW, THINGS, Send, Sent
from tests.polyphemus_site.api.test_authentication import problem_of

Signed = Callable[..., Sent]
Reason = Callable[[], str]
QUERY = f"{THINGS}?analysis=a+b&project=c%20d"


class TestBodies:
    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"body": RAW.replace(b"3600", b"3601")}, "digest"),
            ({"body": b"", "meta": {"CONTENT_TYPE": "application/json"}}, "digest"),
            ({"body": b"{}", "headers": {"content-digest": rfc9421_profile.digest(b"{}")}}, "signature"),
            ({"headers": {"content-digest": ""}}, "signature"),
            ({"headers": {"content-digest": "md5=:AAAA:"}}, "signature"),
            ({"headers": {"content-digest": "sha-256=:AAAA:"}}, "signature"),
            ({"headers": {"content-type": "application/json; charset=utf-8"}}, "signature"),
        ],
    )
    def test_a_body_that_was_changed_is_refused(
        self, rfc_call: Signed, last_reason: Reason, changes: Any, reason: str
    ) -> None:
        response = rfc_call().changed(**changes)

        assert (problem_of(response), last_reason()) == ((401, "unauthorized"), reason)

    @pytest.mark.parametrize("left_out", rfc9421_profile.FULL)
    def test_a_signature_that_leaves_one_part_out_is_refused(
        self, rfc_call: Signed, last_reason: Reason, left_out: str
    ) -> None:
        names = tuple(name for name in rfc9421_profile.FULL if name != left_out)

        response = rfc_call(names=names).changed()

        assert (problem_of(response), last_reason()) == ((401, "unauthorized"), "components")

    def test_a_body_with_a_poll_is_refused(self, rfc_call: Signed, last_reason: Reason) -> None:
        response = rfc_call("GET").changed(body=b"{}")

        assert (problem_of(response), last_reason()) == ((401, "unauthorized"), "body where none belongs")

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b'{"name": "a", "name": "b"}', "duplicate_key"),
            (b'{"a":' * 65 + b"1" + b"}" * 65, "too_deep"),
            (b"[" * 100_000, "too_deep"),
            (b'{"time": NaN}', "bad_number"),
            (b'{"name": "\\ud800"}', "bad_text"),
            (b'{"name": "\xff"}', "not_utf8"),
        ],
    )
    def test_json_that_two_could_read_differently_is_refused_though_well_signed(
        self, by_rfc9421: Send, body: bytes, code: str
    ) -> None:
        assert problem_of(by_rfc9421(body=body)) == (400, code)


class TestMethods:
    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "GET"])
    @pytest.mark.parametrize("scheme", ["etna_call", "rfc_call"])
    def test_another_method_is_refused(
        self, request: pytest.FixtureRequest, last_reason: Reason, scheme: str, method: str
    ) -> None:
        response = request.getfixturevalue(scheme)().changed(method=method)

        assert problem_of(response) == (401, "unauthorized")
        assert last_reason() in ("signature", "body where none belongs")

    @pytest.mark.parametrize("method", ["post", "Post"])
    def test_another_case_of_the_method_is_refused(self, rfc_call: Signed, method: str) -> None:
        assert problem_of(rfc_call().changed(meta={"REQUEST_METHOD": method})) == (400, "bad_method")

    @pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"])
    def test_a_header_that_names_another_method_changes_nothing(self, rfc_call: Signed, header: str) -> None:
        response = rfc_call("GET").changed(headers={header: "POST"})

        assert (response.status_code, response.json()["who"]) == (200, "ann")


class TestPaths:
    @pytest.mark.parametrize("scheme", ["etna_call", "rfc_call"])
    def test_another_project_is_refused(
        self, request: pytest.FixtureRequest, last_reason: Reason, scheme: str
    ) -> None:
        response = request.getfixturevalue(scheme)(target="/api/v1/one/things").changed(
            target="/api/v1/two/things"
        )

        assert (problem_of(response), last_reason()) == ((401, "unauthorized"), "signature")

    @pytest.mark.parametrize(
        "raw",
        [
            "//api/v1/things",
            "/api//v1/things",
            "/api/v1/./things",
            "/api/v1/x/../things",
            "/api/v1/%2e/things",
            "/api/v1/x/%2E%2e/things",
            "/api/v1%2Fthings",
            "/api/v1/%74hings",
            "/api/v1/%41things",
            "/api/v1/%ce%a9",
            "/api/v1/%CE%A9",
            "/api/v1/things%00",
            "/api/v1/things%0d%0a",
            "/api/v1/things;a=1",
            "/api/v1/a+b",
            "/api/v1/things\\",
        ],
    )
    @pytest.mark.parametrize("scheme", ["etna_call", "rfc_call"])
    def test_a_path_that_could_be_rewritten_is_refused_before_anything_is_believed(
        self, request: pytest.FixtureRequest, scheme: str, raw: str
    ) -> None:
        response = request.getfixturevalue(scheme)().changed(meta={"RAW_URI": raw})

        assert problem_of(response) == (400, "bad_path")
        assert not SignedCall.objects.exists()

    @pytest.mark.parametrize("target", ["/api/v1/things/", "/api/v1/Things", "/API/v1/things"])
    def test_an_address_that_is_not_ours_is_not_found(self, rfc_call: Signed, target: str) -> None:
        assert rfc_call().changed(target=target).status_code == 404


class TestQueries:
    @pytest.mark.parametrize(
        "query",
        [
            "project=c%20d&analysis=a+b",
            "analysis=a%20b&project=c%20d",
            "analysis=a+b&project=c+d",
            "analysis=a%2Bb&project=c%20d",
            "analysis=a+b&project=c%20d&limit=1",
            "analysis=a+b&project=c%20d&project=c%20d",
            "analysis=a+b&project=other",
            "analysis=a+b&project=%63%20d",
            "analysis=a+b&project=c%20d&",
            "analysis=a+b",
            "",
        ],
    )
    def test_a_query_with_any_byte_changed_is_refused(
        self, rfc_call: Signed, last_reason: Reason, query: str
    ) -> None:
        response = rfc_call("GET", QUERY).changed(target=f"{THINGS}?{query}")

        assert (problem_of(response), last_reason()) == ((401, "unauthorized"), "signature")

    def test_the_query_as_it_was_signed_is_believed(self, rfc_call: Signed) -> None:
        assert rfc_call("GET", QUERY).changed().status_code == 200

    @pytest.mark.parametrize(
        ("query", "reason"),
        [
            ("analysis=a%2Bb&project=c%20d", "signature"),
            ("analysis=a+b&project=other", "signature"),
            ("analysis=a+b", "signature"),
            ("analysis=a+b&project=c%20d&limit=1", "unsigned query param"),
            ("analysis=a+b&project=c%20d&project=c%20d", "duplicate query param"),
            ("analysis=a+b&project=c%20d&X-Etna-Project=other", "value conflict"),
            ("analysis=a+b&project=c%20d&project[]=x", "bracketed query param"),
            ("analysis=a+b&project=c%2", "malformed query param"),
            ("analysis=a+b&project=c%20d&limit", "malformed query param"),
            ("analysis=a+b;project=c%20d", "malformed query param"),
        ],
    )
    def test_a_query_that_says_anything_else_is_refused(
        self, etna_call: Signed, last_reason: Reason, query: str, reason: str
    ) -> None:
        sent = etna_call("GET", QUERY, query={"analysis": "a b", "project": "c d"})

        response = sent.changed(target=f"{THINGS}?{query}")

        assert (problem_of(response), last_reason()) == ((401, "unauthorized"), reason)

    @pytest.mark.parametrize(
        "query",
        [
            "analysis=a+b&project=c%20d",
            "analysis=a%20b&project=c+d",
            "project=c%20d&analysis=a+b",
            "analysis=%61+b&project=c%20d",
        ],
    )
    def test_etna_signs_what_a_query_says_and_not_how_it_is_spelt(
        self, etna_call: Signed, query: str
    ) -> None:
        sent = etna_call("GET", QUERY, query={"analysis": "a b", "project": "c d"})

        assert sent.changed(target=f"{THINGS}?{query}").status_code == 200


class TestHosts:
    @pytest.mark.parametrize(
        "host", ["evil.example.com", f"{HOST}.evil.com", f"evil@{HOST}", "", f"{HOST}:x"]
    )
    @pytest.mark.parametrize("scheme", ["etna_call", "rfc_call"])
    def test_another_host_is_refused_before_anything_is_believed(
        self, request: pytest.FixtureRequest, scheme: str, host: str
    ) -> None:
        response = request.getfixturevalue(scheme)().changed(meta={"HTTP_HOST": host})

        assert problem_of(response) == (400, "bad_request")
        assert not SignedCall.objects.exists()

    @pytest.mark.parametrize("scheme", ["etna_call", "rfc_call"])
    def test_a_port_beside_our_name_is_no_other_host(
        self, request: pytest.FixtureRequest, scheme: str
    ) -> None:
        assert (
            request.getfixturevalue(scheme)().changed(meta={"HTTP_HOST": f"{HOST}:8443"}).status_code == 201
        )

    @pytest.mark.parametrize("header", ["X-Forwarded-Host", "X-Host", "X-Original-Host", "Forwarded"])
    def test_a_header_that_names_another_host_changes_nothing(self, rfc_call: Signed, header: str) -> None:
        assert rfc_call().changed(headers={header: "evil.example.com"}).status_code == 201
