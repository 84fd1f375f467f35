"""What a stranger makes of a call that somebody signed: each with its status and its reason in the audit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from polyphemus_site.api.models import SignedCall
from polyphemus_site.api.signing.keys import KeyRing
from tests.polyphemus_site.api import rfc9421_profile
from tests.polyphemus_site.api.conftest import HOST, RAW, THINGS, Send, Sent, fresh_nonce
from tests.polyphemus_site.api.test_authentication import problem_of

Signed = Callable[..., Sent]
Reason = Callable[[], str]
Rings = dict[str, KeyRing]
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


class TestReplays:
    def test_a_nonce_counts_for_each_key_by_itself(self, rfc_call: Signed, rings: Rings) -> None:
        rings["pk_other"] = replace(rings["pk_abc"], key_id="pk_other", secrets=(b"o" * 32,))
        nonce = fresh_nonce()

        statuses = [
            rfc_call(nonce=nonce, **how).changed().status_code
            for how in ({}, {"key_id": "pk_other", "key": b"o" * 32}, {})
        ]

        assert statuses == [201, 201, 401]

    def test_a_nonce_under_another_body_is_refused_by_its_signature(
        self, rfc_call: Signed, last_reason: Reason
    ) -> None:
        sent = rfc_call()
        sent.changed()

        response = sent.changed(body=b'{"another": 1}')

        assert (problem_of(response), last_reason()) == ((401, "unauthorized"), "digest")

    def test_the_same_nonce_signed_anew_is_a_replay(self, rfc_call: Signed, last_reason: Reason) -> None:
        nonce = fresh_nonce()
        rfc_call(nonce=nonce).changed()

        response = rfc_call("GET", nonce=nonce).changed()

        assert (problem_of(response), last_reason()) == ((401, "unauthorized"), "replay")

    def test_one_nonce_does_not_cross_from_one_scheme_to_the_other(
        self, etna_call: Signed, rfc_call: Signed, rings: Rings
    ) -> None:
        nonce = fresh_nonce()

        statuses = [signed(nonce=nonce).changed().status_code for signed in (etna_call, rfc_call, etna_call)]

        assert statuses == [201, 201, 401]

    def test_a_call_taken_back_by_revoking_its_key_stays_refused_when_repeated(
        self, rfc_call: Signed, rings: Rings, last_reason: Reason
    ) -> None:
        sent = rfc_call()
        rings["pk_abc"] = replace(rings["pk_abc"], revoked=True)

        first = sent.changed()
        reason = last_reason()
        rings["pk_abc"] = replace(rings["pk_abc"], revoked=False)

        assert (problem_of(first), reason) == ((401, "unauthorized"), "key revoked")
        assert sent.changed().status_code == 201


class TestTimes:
    @pytest.mark.parametrize(
        ("old", "new", "reason"),
        [
            (";created=", ";created=-", "lifetime too long"),
            (";created=", ";created=0.5;reated=", "parameters"),
            (";created=", ";created=9999999", "structured field format"),
            (";expires=", ";expires=-", "lifetime too long"),
            (";expires=", ";xpires=", "parameters"),
            (";created=", ";reated=", "parameters"),
            (";nonce=", ";once=", "parameters"),
            (";keyid=", ";eyid=", "parameters"),
            (";alg=", ";lg=", "parameters"),
            (";tag=", ";ag=", "parameters"),
            ('"hmac-sha256"', '"none"', "alg"),
            ('"hmac-sha256"', '"ed25519"', "alg"),
            ('"hmac-sha256"', '"hmac-sha512"', "alg"),
        ],
    )
    def test_a_parameter_that_was_changed_is_refused(
        self, rfc_call: Signed, last_reason: Reason, old: str, new: str, reason: str
    ) -> None:
        sent = rfc_call()
        given = sent.headers["signature-input"]
        assert old in given

        response = sent.changed(headers={"signature-input": given.replace(old, new)})

        assert (problem_of(response), last_reason()) == ((401, "unauthorized"), reason)

    @pytest.mark.parametrize("nonce", ["", "short", "n" * 4096, "n" * 22 + "\n", "n" * 21 + "é"])
    def test_a_nonce_that_is_none_is_refused(self, rfc_call: Signed, last_reason: Reason, nonce: str) -> None:
        response = rfc_call(nonce=nonce).changed()

        assert problem_of(response) == (401, "unauthorized")
        assert last_reason() in ("nonce format", "field too long", "structured field format")


class TestSignatures:
    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            (lambda text: text[:-9] + ":", "signature"),
            (lambda text: text.swapcase(), "structured field format"),
            (lambda _: "sig=::", "signature"),
            (lambda _: "sig=:" + "é" * 40 + ":", "structured field format"),
            (lambda _: "sig=" + "0" * 64, "structured field format"),
            (lambda _: "sig=" + "f" * 64, "Signature format"),
            (lambda text: f"sig=({text[4:]})", "Signature format"),
            (lambda _: 'sig="' + "0" * 64 + '"', "Signature format"),
            (lambda text: f"{text}, other=:AAAA:", "not one signature"),
            (lambda text: f"{text}, {text}", "duplicate label or parameter"),
            (lambda text: f"{text},", "structured field format"),
            (lambda text: text + "\x00", "structured field format"),
            (lambda text: text + ";sf", "Signature format"),
        ],
    )
    def test_a_signature_that_was_changed_is_refused(
        self,
        rfc_call: Signed,
        last_reason: Reason,
        change: Callable[[str], str],
        reason: str,
    ) -> None:
        sent = rfc_call()

        response = sent.changed(headers={"signature": change(sent.headers["signature"])})

        assert problem_of(response) == (401, "unauthorized")
        assert last_reason() == reason

    @pytest.mark.parametrize(
        "name",
        [
            "X-Etna-Signature",
            "X-Etna-Expiration",
            "X-Etna-Nonce",
            "X-Etna-Id",
            "X-Etna-Headers",
            "X-Etna-Name",
        ],
    )
    @pytest.mark.parametrize(
        "text", ["\xff\xfe\xc3", "\x00", "a\r\nX-Etna-Id: hera", "\ud800", "' OR 1=1 --"]
    )
    def test_no_text_in_a_field_of_etnas_is_more_than_a_refusal(
        self, etna_call: Signed, name: str, text: str
    ) -> None:
        written = text.encode("utf-8", "surrogatepass").decode("latin-1")

        response = etna_call().changed(headers={name: written})

        assert problem_of(response) in ((401, "unauthorized"), (400, "bad_text"))

    @pytest.mark.parametrize("name", ["signature", "signature-input", "content-digest", "content-type"])
    @pytest.mark.parametrize(
        "text", ["\xff\xfe\xc3", "\x00", "a\r\nSignature: sig=:AAAA:", "\xed\xa0\x80", "'"]
    )
    def test_no_text_in_a_field_of_the_standards_is_more_than_a_refusal(
        self, rfc_call: Signed, name: str, text: str
    ) -> None:
        response = rfc_call().changed(headers={name: text})

        assert problem_of(response) in (
            (401, "unauthorized"),
            (400, "bad_text"),
            (415, "unsupported_media_type"),
        )

    def test_ten_thousand_components_are_refused_unread(self, rfc_call: Signed, last_reason: Reason) -> None:
        many = " ".join(f'"x-{number}"' for number in range(5_000))

        response = rfc_call().changed(headers={"signature-input": f"sig=({many});created=1"})

        assert (problem_of(response), last_reason()) == ((401, "unauthorized"), "field too long")

    def test_headers_of_a_megabyte_are_refused_unread(self, rfc_call: Signed) -> None:
        response = rfc_call().changed(headers={"X-More": "a" * 1_000_000})

        assert problem_of(response) == (400, "headers_too_large")
        assert not SignedCall.objects.exists()
