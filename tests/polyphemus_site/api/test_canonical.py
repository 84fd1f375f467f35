"""What is signed, byte for byte, against a second reading of the scheme's description that shares no code."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from polyphemus_analyst import signing as analysts
from polyphemus_analyst.calls import Call as AnalystsCall
from polyphemus_site.api.signing import etna, rfc9421
from polyphemus_site.api.signing.calls import Call
from polyphemus_site.api.signing.keys import RFC9421_V1, KeyRing
from polyphemus_site.api.signing.refusals import SignatureRefusedError
from tests.polyphemus_site.api import rfc9421_profile

HOST = "polyphemus.example.org"
KEY = b"0123456789abcdef0123456789abcdef"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LIFE = timedelta(minutes=5)
EXPIRATION = "2026-11-23T12:05:00+00:00"
NONCE = "Zm9vYmFyLWJhei1xdXV4XzE"
FIELDS = {"signature", "expiration", "nonce", "id", "headers"}
ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}

names = st.from_regex(r"[a-z][a-z0-9]{0,5}(_[a-z0-9]{1,5}){0,2}", fullmatch=True).filter(
    lambda name: name not in FIELDS
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
plain = st.none() | st.booleans() | st.integers() | texts | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)
#: What a header can carry as it is: no blanks around it.
header_texts = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), max_size=12)


def ruby_text(text: str) -> str:
    """Control characters are escaped, everything else stands as it is."""
    return '"' + "".join(ESCAPES.get(c, c if ord(c) >= 0x20 else f"\\u{ord(c):04x}") for c in text) + '"'


def ruby_float(number: float) -> str:
    """The shortest digits; an exponent below 1e-4, from 1e16 on, and for whole numbers from 1e15 on."""
    sign, digits, exponent = Decimal(repr(number)).as_tuple()
    assert isinstance(exponent, int)
    written = "".join(map(str, digits)).rstrip("0") or "0"
    point = len(digits) + exponent  # where it stands, counted from the first digit
    minus = "-" if sign else ""
    if written == "0":
        return f"{minus}0.0"
    if not -4 < point <= (16 if len(written) > point else 15):
        power = point - 1
        return f"{minus}{written[0]}.{written[1:] or '0'}e{'-' if power < 0 else '+'}{abs(power):02d}"
    if point <= 0:
        return f"{minus}0.{'0' * -point}{written}"
    padded = written.ljust(point, "0")
    return f"{minus}{padded[:point]}.{padded[point:] or '0'}"


def ruby(value: Any) -> str:
    """`JSON.generate(value)`."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{ruby_text(name)}:{ruby(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(ruby, value)) + "]"
    words = {None: "null", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return words[value]
    writers: dict[type, Any] = {str: ruby_text, float: ruby_float, int: str}
    return str(writers[type(value)](value))


def signature_over(method: str, path: str, signed: Mapping[str, Any]) -> str:
    """The seven fields, a line each, no line after the last."""
    text = f"{method}\n{HOST}\n{path}\n{NONCE}\nathena\n{ruby(dict(signed))}\n{EXPIRATION}"
    return hmac.new(KEY, text.encode("utf-8"), hashlib.sha256).hexdigest()


def fields(signature: str, listed: Mapping[str, Any]) -> dict[str, str]:
    """The five, by the names they travel under."""
    return {
        "X-Etna-Signature": signature,
        "X-Etna-Expiration": EXPIRATION,
        "X-Etna-Nonce": NONCE,
        "X-Etna-Id": "athena",
        "X-Etna-Headers": ",".join(listed),
    }


def titled(name: str) -> str:
    """`project_name` travels as `X-Etna-Project-Name`."""
    return "X-Etna-" + "-".join(part[:1].upper() + part[1:] for part in name.split("_"))


def lower(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """As servers hand headers on."""
    return tuple((name.lower(), value) for name, value in headers.items())


def believed(call: Call) -> Any:
    """What the call's signature vouches for."""
    return etna.verify(call, (KEY,), host=HOST, now=NOW, max_life=LIFE)


def posted(signed: Mapping[str, Any], body: bytes) -> Call:
    """A POST with its values in the body."""
    headers = fields(signature_over("POST", "/api/v1/bids", signed), signed)
    return Call(
        "POST", HOST, "/api/v1/bids", "", (("content-type", "application/json"), *lower(headers)), body
    )


class TestEtna:
    @given(st.dictionaries(names, values, max_size=6), st.booleans(), st.sampled_from([None, 0, 2]))
    def test_whatever_json_says_is_signed_as_ruby_writes_it_however_the_body_is_spelt(
        self, signed: dict[str, Any], escaped: bool, indent: int | None
    ) -> None:
        body = json.dumps(signed, ensure_ascii=escaped, indent=indent).encode()

        assert believed(posted(signed, body if signed else b"")).signed == signed

    @given(st.dictionaries(names, values, min_size=2, max_size=6), st.randoms())
    def test_the_order_is_the_lists_whatever_the_bodys_is(self, signed: dict[str, Any], random: Any) -> None:
        order = list(signed)
        random.shuffle(order)

        call = posted(signed, json.dumps({name: signed[name] for name in order}).encode())

        assert list(believed(call).signed) == list(signed)

    @given(st.dictionaries(names, values, min_size=2, max_size=6))
    def test_the_same_list_in_another_order_is_another_signature(self, signed: dict[str, Any]) -> None:
        call = posted(signed, json.dumps(signed).encode())
        turned = dict(call.headers) | {"x-etna-headers": ",".join(reversed(signed))}

        with pytest.raises(SignatureRefusedError, match=r"^signature$"):
            believed(Call(call.method, HOST, call.path, "", tuple(turned.items()), call.body))

    @given(
        in_query=st.dictionaries(names, texts, max_size=4),
        in_fields=st.dictionaries(names, texts, max_size=4),
        in_headers=st.dictionaries(names, header_texts, max_size=4),
        absent=st.sets(names, max_size=2),
        spelt=st.sampled_from([quote, quote_plus]),
        fields_in_query=st.booleans(),
    )
    def test_a_value_counts_wherever_it_may_be_given(
        self,
        in_query: dict[str, str],
        in_fields: dict[str, str],
        in_headers: dict[str, str],
        absent: set[str],
        spelt: Any,
        fields_in_query: bool,
    ) -> None:
        signed: dict[str, Any] = dict.fromkeys(absent) | in_headers | in_fields | in_query
        assume(len(signed) == len(in_query) + len(in_fields) + len(in_headers) + len(absent))
        five = fields(signature_over("GET", "/api/v1/requests", signed), signed)
        query = in_query | {titled(name): text for name, text in in_fields.items()}
        headers = {titled(name): text for name, text in in_headers.items()}
        (query if fields_in_query else headers).update(five)

        raw = "&".join(f"{spelt(name)}={spelt(text, safe='')}" for name, text in query.items())
        found = believed(Call("GET", HOST, "/api/v1/requests", raw, lower(headers)))

        assert found.signed == signed

    def test_what_is_empty_at_the_end_of_a_name_is_not_in_its_field(self) -> None:
        signed = {"reference_": "hg38"}
        five = fields(signature_over("GET", "/api/v1/requests", signed), signed)

        call = Call("GET", HOST, "/api/v1/requests", "X-Etna-Reference=hg38", lower(five))

        assert believed(call).signed == signed

    @given(st.dictionaries(names, texts | st.integers() | st.booleans() | st.none(), max_size=6))
    def test_the_analysts_client_signs_alike(self, signed: dict[str, Any]) -> None:
        call = AnalystsCall("POST", HOST, "/api/v1/bids", values=signed)
        key = analysts.Key(id="athena", secret=KEY)

        made = analysts.sign(call, key, now=NOW)

        text = f"POST\n{HOST}\n/api/v1/bids\n{made['X-Etna-Nonce']}\nathena\n{ruby(signed)}\n"
        expected = hmac.new(KEY, (text + made["X-Etna-Expiration"]).encode(), hashlib.sha256).hexdigest()
        assert made["X-Etna-Signature"] == expected


class TestRfc9421:
    @given(
        path=st.from_regex(r"/[A-Za-z0-9._~-]{1,12}(/[A-Za-z0-9_~-]{1,12}){0,3}", fullmatch=True),
        query=st.dictionaries(texts, texts, max_size=4),
        spelt=st.sampled_from([quote, quote_plus]),
        body=st.binary(max_size=60),
        method=st.sampled_from(["GET", "DELETE", "POST", "PUT", "PATCH"]),
    )
    def test_any_call_is_signed_over_its_bytes(
        self, path: str, query: dict[str, str], spelt: Any, body: bytes, method: str
    ) -> None:
        assume(not {".", ".."} & set(path.split("/")))
        raw = "&".join(f"{spelt(name)}={spelt(text)}" for name, text in query.items())
        sent = body if method in ("POST", "PUT", "PATCH") else b""
        made = rfc9421_profile.Signing(
            key=KEY,
            authority=HOST,
            method=method,
            target=f"{path}?{raw}" if raw else path,
            body=sent,
            created=int(NOW.timestamp()),
        )
        ring = KeyRing(key_id="pk_abc", secrets=(KEY,), max_life=LIFE, scheme=RFC9421_V1)

        found = rfc9421.verify(
            Call(method, HOST, path, raw, lower(made.headers()), sent),
            ring,
            base_url=f"https://{HOST}",
            host=HOST,
            now=NOW,
        )

        assert found.key_id == "pk_abc"
