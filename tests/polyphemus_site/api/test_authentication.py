"""Signed calls with real Redis and PostgreSQL: one answer to all failures, their reasons in the audit."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from polyphemus_site.api.models import SignedCall
from polyphemus_site.api.signing.keys import ED25519, KeyRing
from tests.polyphemus_site.api import signed_site
from tests.polyphemus_site.api.conftest import BODY, ETNA_KEY, HOST, LIFE, RFC_KEY
from tests.polyphemus_site.api.test_rfc9421 import PAIR

Send = Callable[..., Any]
Reason = Callable[[], str]
Rings = dict[str, KeyRing]


def refused(response: Any) -> bytes:
    """The whole answer to a failed authentication, its request id aside."""
    request_id = response["X-Request-Id"].encode()
    headers = {name: value for name, value in response.items() if name != "X-Request-Id"}
    return json.dumps(
        [response.status_code, headers, response.content.replace(request_id, b"ID").decode()]
    ).encode()


def problem_of(response: Any) -> tuple[int, str]:
    assert response["Content-Type"] == "application/problem+json"
    return response.status_code, response.json()["code"]


class TestAccepted:
    def test_a_call_by_etna(self, by_etna: Send) -> None:
        response = by_etna()

        assert (response.status_code, response.json()) == (201, {"got": BODY})
        assert response["Content-Type"] == "application/json"

    def test_a_call_by_rfc9421(self, by_rfc9421: Send) -> None:
        response = by_rfc9421("GET")

        assert (response.status_code, response.json()) == (200, {"who": "ann", "key": "pk_abc"})

    def test_a_call_by_ed25519(self, by_rfc9421: Send, rings: Rings) -> None:
        public = PAIR.public_key().public_bytes_raw()
        rings["pk_abc"] = replace(rings["pk_abc"], secrets=(public,), algorithm=ED25519)

        assert by_rfc9421(key=PAIR, alg="ed25519").status_code == 201

    def test_a_real_magmas_empty_token_is_no_credential(self, by_etna: Send) -> None:
        assert by_etna(change=lambda headers: headers | {"Authorization": "Etna "}).status_code == 201

    def test_both_live_keys_while_they_change_and_no_third(self, by_rfc9421: Send, rings: Rings) -> None:
        rings["pk_abc"] = replace(rings["pk_abc"], secrets=(b"new" * 11, RFC_KEY))

        statuses = [by_rfc9421(key=key).status_code for key in (b"new" * 11, RFC_KEY, b"third" * 7)]

        assert statuses == [201, 201, 401]

    def test_a_retiring_key_until_its_end(self, by_etna: Send, rings: Rings, instant: datetime) -> None:
        rings["athena"] = replace(rings["athena"], not_after=instant + timedelta(minutes=1))

        assert by_etna().status_code == 201

    def test_an_unsigned_call_is_left_to_the_next_way_in(self, send: Send, last_reason: Reason) -> None:
        response = send("GET", "/api/v1/mixed")

        assert problem_of(response) == (401, "unauthorized")
        assert not SignedCall.objects.exists()


class TestRefused:
    def test_the_answer_is_the_one_agreed(self, by_etna: Send) -> None:
        response = by_etna(key=b"another")

        body = response.json()
        assert response["WWW-Authenticate"] == 'Signature realm="polyphemus"'
        assert body.pop("instance") == f"urn:uuid:{response['X-Request-Id']}"
        assert body == {"type": "about:blank", "title": "Unauthorized", "status": 401, "code": "unauthorized"}

    @pytest.mark.parametrize(
        ("how", "reason"),
        [
            ({"key": b"another"}, "signature"),
            ({"key_id": "nobody"}, "unknown id"),
            ({"key_id": "log_file"}, "unknown id"),
            ({"key_id": "pk_abc"}, "scheme"),
            ({"nonce": ""}, "nonce format"),
            ({"nonce": "short"}, "nonce format"),
            ({"nonce": "n" * 4096}, "nonce format"),
            ({"nonce": "nnnnnnnnnn\nnnnnnnnnnn"}, "nonce format"),
            ({"body": b'{"time": "36000"}'}, "signature"),
            ({"body": b""}, "signature"),
            ({"body": json.dumps(BODY | {"more": 1}).encode()}, "unsigned body field"),
            ({"body": json.dumps(BODY | {"X-Etna-Id": "athena"}).encode()}, "unsigned body field"),
            ({"body": json.dumps(BODY | {"time": 3600}).encode()}, "signature"),
            ({"body": json.dumps(BODY | {"time": None}).encode()}, "signature"),
            ({"to": "/api/v1/things?time=60"}, "value conflict"),
            ({"to": "/api/v1/things?admin=1"}, "unsigned query param"),
            ({"to": "/api/v1/things?a[]=1"}, "bracketed query param"),
            ({"to": "/api/v1/things?time=3600&time=3600"}, "duplicate query param"),
            ({"to": "/api/v1/things?X-Etna-Id=athena"}, "field given twice"),
            ({"to": "/api/v1/other/things"}, "signature"),
            ({"path": "/api/v1/one/things", "to": "/api/v1/two/things"}, "signature"),
            (
                {"change": lambda h: h | {"X-Etna-Signature": h["X-Etna-Signature"].upper()}},
                "signature format",
            ),
            ({"change": lambda h: h | {"X-Etna-Signature": h["X-Etna-Signature"][:-1]}}, "signature format"),
            ({"change": lambda h: h | {"X-Etna-Signature": ""}}, "signature format"),
            ({"change": lambda h: h | {"X-Etna-Signature": "\u00e9" * 64}}, "signature format"),
            ({"change": lambda h: h | {"X-Etna-Signature": "0" * 100_000}}, "headers_too_large"),
            (
                {"change": lambda h: h | {"X-Etna-Expiration": "Tue, 24 Nov 2026 12:00:00 GMT"}},
                "expiration format",
            ),
            ({"change": lambda h: h | {"X-Etna-Expiration": "2026-11-24"}}, "expiration format"),
            ({"change": lambda h: h | {"X-Etna-Expiration": "1795500000"}}, "expiration format"),
            ({"change": lambda h: h | {"X-Etna-Expiration": "next tuesday"}}, "expiration format"),
            ({"change": lambda h: h | {"X-Etna-Headers": "name,analysis,time"}}, "signature"),
            ({"change": lambda h: h | {"X-Etna-Headers": "analysis,name,time,time"}}, "headers list names"),
            ({"change": lambda h: h | {"X-Etna-Headers": "Analysis,name,time"}}, "headers list format"),
            (
                {"change": lambda h: h | {"X-Etna-Headers": ",".join(f"n{i}" for i in range(33))}},
                "headers list names",
            ),
            ({"change": lambda h: h | {"X-Etna-Time": "60"}}, "value conflict"),
            ({"change": lambda h: h | {"Authorization": "Etna abc"}}, "two kinds of credentials"),
            ({"change": lambda h: h | {"Signature": "sig=:AAAA:"}}, "two schemes"),
            ({"change": lambda _: {"X-Etna-Id": "athena"}}, "missing field"),
            ({"change": lambda _: {}}, "unsigned"),
        ],
    )
    def test_by_etna_each_failure_looks_the_same_and_says_why_in_the_audit(
        self, by_etna: Send, send: Send, last_reason: Reason, how: dict[str, Any], reason: str
    ) -> None:
        usual = refused(by_etna(key=b"a usual failure"))
        is_shape = reason == "headers_too_large"

        response = by_etna(**how)

        assert (refused(response) == usual) is not is_shape
        assert (last_reason() == reason) is not is_shape
        assert not is_shape or problem_of(response) == (400, reason)

    @pytest.mark.parametrize(
        ("how", "reason"),
        [
            ({"key": b"another" * 5}, "signature"),
            ({"key_id": "pk_nobody"}, "unknown id"),
            ({"key_id": "pk_nobody", "key": PAIR, "alg": "ed25519"}, "unknown id"),
            ({"key_id": "athena", "key": ETNA_KEY}, "scheme"),
            ({"sends": b'{"time": "36000"}'}, "digest"),
            ({"authority": "elsewhere.org"}, "signature"),
            ({"authority": f"{HOST}:8443"}, "signature"),
            ({"to": "/api/v1/other/things"}, "signature"),
            ({"to": "/api/v1/things?a=1"}, "signature"),
            ({"names": ()}, "components"),
            ({"names": ("@method", "@authority", "@path", "@query")}, "components"),
            ({"tag": "other"}, "tag"),
            ({"alg": "ed25519"}, "alg"),
            ({"nonce": "short"}, "nonce format"),
            ({"life": 301}, "lifetime too long"),
            ({"change": lambda h: h | {"authorization": "Bearer abc"}}, "two kinds of credentials"),
            ({"change": lambda h: h | {"X-Etna-Id": "athena"}}, "two schemes"),
            ({"change": lambda h: h | {"content-digest": "md5=:AAAA:"}}, "signature"),
            ({"change": lambda h: {k: v for k, v in h.items() if k != "content-digest"}}, "signature"),
            ({"change": lambda h: {k: v for k, v in h.items() if k != "signature"}}, "missing field"),
            ({"change": lambda h: h | {"signature": "\u00ff"}}, "structured field format"),
        ],
    )
    def test_by_rfc9421_each_failure_looks_the_same_and_says_why_in_the_audit(
        self, by_etna: Send, by_rfc9421: Send, last_reason: Reason, how: dict[str, Any], reason: str
    ) -> None:
        usual = refused(by_etna(key=b"a usual failure"))

        response = by_rfc9421(**how)

        assert refused(response) == usual
        assert last_reason() == reason

    @pytest.mark.parametrize(
        ("created", "reason"),
        [
            (61, "created out of range"),
            (-301, "expired"),
            (-361, "created out of range"),
            (10**13, "created format"),
        ],
    )
    def test_a_time_out_of_range_is_refused(
        self, by_rfc9421: Send, instant: datetime, last_reason: Reason, created: int, reason: str
    ) -> None:
        response = by_rfc9421(created=int(instant.timestamp()) + created + (1 if created > 0 else 0))

        assert (response.status_code, last_reason()) == (401, reason)

    @pytest.mark.parametrize(
        ("seconds", "reason"), [(-1, "expired"), (3600, "lifetime too long"), (10**9, "lifetime too long")]
    )
    def test_an_expiration_out_of_range_is_refused(
        self, by_etna: Send, instant: datetime, last_reason: Reason, seconds: int, reason: str
    ) -> None:
        response = by_etna(expires=instant + timedelta(seconds=seconds))

        assert (response.status_code, last_reason()) == (401, reason)

    @pytest.mark.parametrize(
        ("state", "reason"),
        [
            ({"revoked": True}, "key revoked"),
            ({"not_before": timedelta(minutes=1)}, "key not yet valid"),
            ({"not_after": timedelta(seconds=-1)}, "key past its end"),
        ],
    )
    def test_a_key_not_in_force_is_refused(
        self,
        by_etna: Send,
        rings: Rings,
        instant: datetime,
        last_reason: Reason,
        state: dict[str, Any],
        reason: str,
    ) -> None:
        moments = {name: instant + value for name, value in state.items() if isinstance(value, timedelta)}
        rings["athena"] = replace(rings["athena"], **(state | moments))

        response = by_etna()

        assert (response.status_code, last_reason()) == (401, reason)

    def test_the_key_of_one_under_the_id_of_another_is_refused(
        self, by_etna: Send, rings: Rings, last_reason: Reason
    ) -> None:
        rings["hera"] = KeyRing(
            key_id="hera", secrets=(b"hera's",), max_life=LIFE, principal=signed_site.Caller("hera")
        )

        response = by_etna(key_id="hera", key=ETNA_KEY)

        assert (response.status_code, last_reason()) == (401, "signature")

    def test_an_ed25519_key_is_no_shared_secret(
        self, by_rfc9421: Send, rings: Rings, last_reason: Reason
    ) -> None:
        public = PAIR.public_key().public_bytes_raw()
        rings["pk_abc"] = replace(rings["pk_abc"], secrets=(public,), algorithm=ED25519)

        response = by_rfc9421(key=public)

        assert (response.status_code, last_reason()) == (401, "alg")

    def test_a_downgrade_to_the_other_scheme_is_refused(self, by_etna: Send, last_reason: Reason) -> None:
        response = by_etna(key_id="pk_abc", key=RFC_KEY)

        assert (response.status_code, last_reason()) == (401, "scheme")

    @pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-Forwarded-Host", "X-Original-URL"])
    def test_a_header_that_would_change_the_call_changes_nothing(self, by_etna: Send, header: str) -> None:
        response = by_etna(change=lambda headers: headers | {header: "DELETE"})

        assert response.status_code == 201

    def test_a_signed_nul_is_believed_and_then_refused(self, by_etna: Send) -> None:
        assert problem_of(by_etna(document={"name": "a\x00b"})) == (400, "bad_text")

    def test_malformed_json_is_a_fault_of_shape(self, by_rfc9421: Send) -> None:
        assert problem_of(by_rfc9421(body=b'{"a":')) == (400, "malformed_json")
