"""etna-v1, the pure part: real requests with the verdicts of the real Etna and the verdicts wanted here."""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyphemus_site.api.signing import etna, ruby_json
from polyphemus_site.api.signing.calls import Call
from polyphemus_site.api.signing.keys import Verified
from polyphemus_site.api.signing.refusals import SignatureRefusedError

HOST = "polyphemus.example.org"
KEY = b"a1f0c3d45b6e7988aa00bb11cc22dd33"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LIFE = timedelta(minutes=5)
VECTORS = json.loads((Path(__file__).parent / "etna_vectors.json").read_text())["vectors"]
SIGNED_WELL = [vector for vector in VECTORS if vector["valid"]]
FIELD_NAMES = [
    "x-etna-signature",
    "x-etna-expiration",
    "x-etna-nonce",
    "x-etna-id",
    "x-etna-headers",
    "x-etna-time",
]
BODY = {"analysis": "exome_pipe", "name": "dt_lung_tumor_pair", "time": "3600"}


def call(**changes: Any) -> Call:
    """A bid signed as a client of ours would; `changes` are made after signing."""
    fields = etna.sign(
        method="POST",
        host=HOST,
        path="/api/v1/bids",
        key_id="pk_abc",
        key=KEY,
        signed=BODY,
        nonce="0123456789abcdef",
        expires=NOW + LIFE,
    )
    sent = {
        "method": "POST",
        "host": HOST,
        "path": "/api/v1/bids",
        "raw_query": "",
        "headers": (("content-type", "application/json"), *((k.lower(), v) for k, v in fields.items())),
        "body": json.dumps(BODY).encode(),
    }
    return Call(**(sent | changes))


def verify(sent: Call, *keys: bytes, now: datetime = NOW) -> Verified:
    return etna.verify(sent, keys or (KEY,), host=HOST, now=now, max_life=LIFE)


def reason(sent: Call, *keys: bytes, now: datetime = NOW) -> str:
    with pytest.raises(SignatureRefusedError) as refused:
        verify(sent, *keys, now=now)
    return refused.value.reason


class TestTextToSign:
    @pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
    def test_is_etnas_byte_for_byte(self, vector: dict[str, Any]) -> None:
        signed = {name: vector["headers_signed"].get(name) for name in vector["headers_signed_order"]}
        text = vector["text_to_sign"]
        method, host, path = text.split("\n")[:3]

        ours = etna.text_to_sign(
            method=method,
            host=host,
            path=path,
            nonce=vector["nonce"],
            key_id=vector["id"],
            signed=signed,
            expiration=vector["expiration"],
        )

        assert ours.decode().split("\n")[3:] == text.split("\n")[3:]


def poll(signed: dict[str, Any], *, raw_query: str = "", headers: tuple[tuple[str, str], ...] = ()) -> Call:
    """A signed GET whose values travel as given."""
    fields = etna.sign(
        method="GET",
        host=HOST,
        path="/api/v1/requests",
        key_id="pk_abc",
        key=KEY,
        signed=signed,
        nonce="0123456789abcdef",
        expires=NOW + LIFE,
    )
    sent = (*((name.lower(), value) for name, value in fields.items()), *headers)
    return Call(method="GET", host=HOST, path="/api/v1/requests", raw_query=raw_query, headers=sent)


class TestCompatibility:
    @pytest.mark.parametrize("vector", SIGNED_WELL, ids=[vector["name"] for vector in SIGNED_WELL])
    def test_what_real_etna_believes_is_signed_as_we_sign(self, vector: dict[str, Any]) -> None:
        made = hmac.digest(vector["key"].encode(), vector["text_to_sign"].encode(), "sha256").hex()

        assert made == vector["signature"]


class TestRubyJson:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (1e-7, "1.0e-07"),
            (1e20, "1.0e+20"),
            (1.5e300, "1.5e+300"),
            (1e14, "100000000000000.0"),
            (1e15, "1.0e+15"),
            (-1234567890123456.0, "-1.234567890123456e+15"),
            (9999999999999998.0, "9.999999999999998e+15"),
            (1000000000000000.5, "1000000000000000.5"),
            (1e16, "1.0e+16"),
            (0.0001, "0.0001"),
            (-0.0, "-0.0"),
            (100.0, "100.0"),
            (10**30, "1" + "0" * 30),
            ({"a": [None, True, "é/\x7f\u2028"]}, '{"a":[null,true,"é/\x7f\u2028"]}'),
            ('\x1b\b\f\n\r\t"\\', '"\\u001b\\b\\f\\n\\r\\t\\"\\\\"'),
        ],
    )
    def test_writes_as_ruby_does(self, value: object, text: str) -> None:
        assert ruby_json.dumps(value) == text


class TestWhereValuesTravel:
    @pytest.mark.parametrize(
        "where",
        [{"raw_query": "X-Etna-X=a"}, {"raw_query": "x_=a"}, {"headers": (("x-etna-x-", "a"),)}],
        ids=["field in the query", "param", "header"],
    )
    def test_a_name_that_ends_in_an_underscore_is_found(self, where: dict[str, Any]) -> None:
        assert verify(poll({"x_": "a"}, **where)).signed == {"x_": "a"}

    def test_a_header_that_etna_would_not_look_in_holds_no_value(self) -> None:
        assert reason(poll({"x_": "a"}, headers=(("x-etna-x", "a"),))) == "signature"

    def test_a_param_without_its_sign_is_refused(self) -> None:
        assert reason(poll({"x": None}, raw_query="x")) == "malformed query param"

    @pytest.mark.parametrize("name", ["_x", "camelCase", "due-date", "größe", ""])
    def test_a_name_of_another_form_is_refused(self, name: str) -> None:
        assert reason(poll({name: "a", "x": "a"}, raw_query="x=a")) == "headers list format"

    def test_thirty_two_names_are_the_most(self) -> None:
        named = {f"n{number}": "a" for number in range(33)}

        assert reason(poll(named)) == "headers list names"
        del named["n0"]
        assert reason(poll(named)) == "signature"


class TestBelowAPath:
    def test_the_route_alone_may_be_signed(self) -> None:
        assert verify(call(path="/-/api/v1/bids", rest="/api/v1/bids")).signed == BODY

    @pytest.mark.parametrize("rest", [None, "/api/v1/tickets", "/"])
    def test_nothing_but_what_follows_our_own_path_may(self, rest: str | None) -> None:
        assert reason(call(path="/-/api/v1/bids", rest=rest)) == "signature"


class TestVerify:
    def test_believes_what_sign_made(self) -> None:
        verified = verify(call())

        assert verified.key_id == "pk_abc"
        assert verified.signed == BODY

    def test_believes_either_of_two_keys(self) -> None:
        assert verify(call(), b"the new one", KEY).key_id == "pk_abc"

    def test_an_empty_key_never_matches(self) -> None:
        fields = etna.sign(
            method="GET",
            host=HOST,
            path="/api/v1/bids",
            key_id="pk_abc",
            key=b"",
            signed={},
            nonce="n" * 16,
            expires=NOW,
        )
        headers = tuple((name.lower(), value) for name, value in fields.items())

        assert reason(call(method="GET", headers=headers, body=b""), b"") == "signature"

    @given(at=st.integers(min_value=0, max_value=len(json.dumps(BODY)) - 1), to=st.integers(0, 255))
    def test_a_body_with_any_byte_changed_is_refused_unless_it_says_the_same(self, at: int, to: int) -> None:
        body = bytearray(json.dumps(BODY).encode())
        body[at] = to

        try:
            verify(call(body=bytes(body)))
        except SignatureRefusedError:
            return

        assert json.loads(bytes(body)) == BODY

    @pytest.mark.parametrize(
        ("changes", "expected"),
        [
            ({"method": "PUT"}, "signature"),
            ({"path": "/api/v1/tickets"}, "signature"),
            ({"path": "/api/v1//bids"}, "path charset"),
            ({"path": "/api/v1/./bids"}, "path charset"),
            ({"path": "/api/v1/%62ids"}, "path charset"),
            ({"host": "elsewhere.org"}, "Host header"),
            ({"raw_query": "admin=1"}, "unsigned query param"),
            ({"raw_query": "time=60"}, "value conflict"),
            ({"raw_query": "a[]=1"}, "bracketed query param"),
            ({"raw_query": "X-Etna-Id=pk_abc"}, "field given twice"),
            ({"raw_query": "X-Etna-More=1"}, "unsigned query param"),
            ({"raw_query": "a;b=1"}, "malformed query param"),
            ({"raw_query": "a=%zz"}, "malformed query param"),
            ({"raw_query": "a=%ff"}, "invalid utf-8"),
            ({"body": b'{"analysis": "other"}'}, "signature"),
            ({"body": json.dumps(BODY | {"more": 1}).encode()}, "unsigned body field"),
            ({"body": b"[]"}, "body without names"),
            ({"body": b'{"a":'}, "json"),
            ({"body": b'{"a": 1, "a": 1}'}, "json"),
            ({"body": b""}, "signature"),
            ({"route": {"name": "another"}}, "route conflict"),
        ],
    )
    def test_a_call_changed_on_its_way_is_refused(self, changes: dict[str, Any], expected: str) -> None:
        assert reason(call(**changes)) == expected

    @given(
        headers=st.dictionaries(st.sampled_from(FIELD_NAMES), st.text(max_size=80)),
        query=st.text(max_size=80),
        body=st.binary(max_size=80),
        path=st.text(max_size=30),
    )
    def test_arbitrary_text_in_any_field_is_refused_but_never_crashes(
        self, headers: dict[str, str], query: str, body: bytes, path: str
    ) -> None:
        sent = dict(call().headers) | headers

        found = reason(call(headers=tuple(sent.items()), raw_query=query + "&", body=body, path="/" + path))

        assert found

    @pytest.mark.parametrize("fraction", ["", ".5", ".123456", ".123456789"])
    def test_an_expiration_may_have_a_fraction(self, fraction: str) -> None:
        expiration = f"2026-11-23T12:04:00{fraction}+00:00"
        lines = {"method": "GET", "host": HOST, "path": "/api/v1/bids", "nonce": "n" * 16, "key_id": "pk_abc"}
        text = etna.text_to_sign(**lines, signed={}, expiration=expiration)
        headers = {
            "x-etna-signature": hmac.digest(KEY, text, "sha256").hex(),
            "x-etna-expiration": expiration,
            "x-etna-nonce": "n" * 16,
            "x-etna-id": "pk_abc",
            "x-etna-headers": "",
        }

        assert verify(call(method="GET", headers=tuple(headers.items()), body=b"")).key_id == "pk_abc"

    def test_the_last_instant_is_still_in_time(self) -> None:
        assert verify(call(), now=NOW + LIFE).expires == NOW + LIFE

    def test_an_instant_later_is_expired(self) -> None:
        assert reason(call(), now=NOW + LIFE + timedelta(microseconds=1)) == "expired"

    def test_a_longer_life_than_the_key_allows_is_refused(self) -> None:
        assert reason(call(), now=NOW - timedelta(seconds=1)) == "lifetime too long"

    @pytest.mark.parametrize("token", ["Etna abc", "Bearer abc", "Hmac 00"])
    def test_a_second_kind_of_credentials_is_refused(self, token: str) -> None:
        sent = call()

        assert reason(call(headers=(*sent.headers, ("authorization", token)))) == "two kinds of credentials"

    def test_the_empty_token_of_a_real_magma_is_no_credential(self) -> None:
        sent = call()

        assert verify(call(headers=(*sent.headers, ("authorization", "Etna ")))).key_id == "pk_abc"
