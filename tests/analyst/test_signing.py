from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from polyphemus_analyst import etna, signing
from polyphemus_analyst.calls import Call, compact_json
from polyphemus_analyst.errors import AnalystError
from polyphemus_analyst.signing import Key
from polyphemus_site.api.signing import calls as server_calls
from polyphemus_site.api.signing import etna as server_etna
from polyphemus_site.api.signing import rfc9421 as server_rfc9421
from polyphemus_site.api.signing.keys import KeyRing, Verified
from polyphemus_site.api.signing.refusals import SignatureRefusedError

PEM_FORM = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
PAIR = Ed25519PrivateKey.from_private_bytes(b"p" * 32)
PEM = PAIR.private_bytes(*PEM_FORM)
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(*PEM_FORM)
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOST = "polyphemus.example.org"
VECTORS = json.loads(
    (Path(__file__).parents[1] / "polyphemus_site" / "api" / "etna_vectors.json").read_text(encoding="utf-8")
)["vectors"]
#: But for numbers with a fraction, which nothing we send holds.
SIGNED_BY_ETNA = [
    vector
    for vector in VECTORS
    if vector["valid"] and isinstance(vector["headers_signed"], dict) and "float" not in vector["name"]
]

names = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@pytest.mark.parametrize("vector", SIGNED_BY_ETNA, ids=lambda vector: str(vector["name"]))
def test_the_text_and_signature_are_those_of_etna(vector: dict[str, Any]) -> None:
    text = etna.text_to_sign(
        method=vector["method"],
        host=vector["host"],
        path=vector["path"],
        nonce=vector["nonce"],
        key_id=vector["id"],
        values=vector["headers_signed"],
        expires=vector["expiration"],
    )

    assert text == vector["text_to_sign"]


SCHEMES = pytest.mark.parametrize("scheme", ["etna-v1", "rfc9421-v1"])
values = st.one_of(texts, st.integers(), st.booleans(), st.none())


def signed(call: Call, scheme: str) -> dict[str, str]:
    return signing.sign(call, Key("pk_a", b"secret", scheme), now=NOON)


@SCHEMES
@given(body=st.dictionaries(names, values, max_size=8))
def test_the_server_believes_every_body_that_is_signed(scheme: str, body: dict[str, Any]) -> None:
    call = Call("POST", HOST, "/api/v1/bids", body=compact_json(body).encode(), values=body)

    assert believed(call, signed(call, scheme), scheme)


@SCHEMES
@given(query=st.dictionaries(names, texts, max_size=6))
def test_the_server_believes_every_query_that_is_signed(scheme: str, query: dict[str, str]) -> None:
    call = Call("GET", HOST, "/api/v1/bids", query=urlencode(query), values=query)

    assert believed(call, signed(call, scheme), scheme)


@SCHEMES
def test_what_was_signed_can_not_be_changed(scheme: str) -> None:
    call = Call("POST", HOST, "/api/v1/bids", body=b'{"time":"60"}', values={"time": "60"})
    headers = signed(call, scheme)

    with pytest.raises(SignatureRefusedError):
        believed(replace(call, body=b'{"time":"61"}'), headers, scheme)


@pytest.mark.parametrize("authority", ["polyphemus.example.org", "polyphemus.example.org:8000"])
def test_etna_signs_the_name_without_its_port(authority: str) -> None:
    assert Call("GET", authority, "/").host == "polyphemus.example.org"


def test_each_signature_has_a_nonce_of_its_own() -> None:
    call = Call("GET", HOST, "/")

    assert signed(call, "etna-v1")["X-Etna-Nonce"] != signed(call, "etna-v1")["X-Etna-Nonce"]


def test_a_key_does_not_show_its_secret() -> None:
    assert "hidden" not in repr(Key("pk_a", b"hidden"))


def test_the_server_believes_what_a_private_key_signed() -> None:
    call = Call("GET", HOST, "/api/v1/requests", query="analysis=a%20b", values={"analysis": "a b"})
    ring = KeyRing(
        key_id="pk_a",
        secrets=(PAIR.public_key().public_bytes_raw(),),
        max_life=timedelta(minutes=5),
        scheme="rfc9421-v1",
        algorithm="ed25519",
    )

    headers = signing.sign(call, Key("pk_a", PEM, "rfc9421-v1"), now=NOON)

    received = server_calls.Call(
        "GET", HOST, call.path, call.query, tuple((name.lower(), value) for name, value in headers.items())
    )
    verified = server_rfc9421.verify(received, ring, base_url=f"https://{HOST}", host=HOST, now=NOON)
    assert verified.key_id == "pk_a"


def test_what_a_call_is_repeated_under_is_nobody_elses_to_change() -> None:
    body = compact_json({"name": "pair"}).encode()
    call = Call("POST", HOST, "/api/v1/bids", body=body, idempotency_key="bid-1")
    headers = signed(call, "rfc9421-v1")

    assert believed(call, headers | {"Idempotency-Key": "bid-1"}, "rfc9421-v1")
    for changed in ({"Idempotency-Key": "bid-2"}, {}):
        with pytest.raises(SignatureRefusedError):
            believed(call, headers | changed, "rfc9421-v1")


@pytest.mark.parametrize(
    ("pem", "scheme", "said"),
    [
        (PEM, "etna-v1", "rfc9421-v1 only"),
        (b"-----BEGIN PRIVATE KEY-----", "rfc9421-v1", "can't be read"),
        (RSA, "rfc9421-v1", "one of Ed25519"),
    ],
)
def test_a_private_key_that_does_not_fit_is_told_at_once(pem: bytes, scheme: str, said: str) -> None:
    with pytest.raises(AnalystError, match=said):
        Key("pk_a", pem, scheme)


def test_a_misspelt_scheme_is_named() -> None:
    with pytest.raises(AnalystError, match="etna-v2"):
        Key("pk_a", b"secret", "etna-v2")


def believed(call: Call, headers: dict[str, str], scheme: str) -> bool:
    sent = {name.lower(): value for name, value in headers.items()}
    received = server_calls.Call(
        method=call.method,
        host=HOST,
        path=call.path,
        raw_query=call.query,
        headers=tuple({**sent, "content-type": "application/json", "host": HOST}.items()),
        body=call.body,
    )
    return verified(received, scheme).key_id == "pk_a"


def verified(call: server_calls.Call, scheme: str) -> Verified:
    """What the server makes of it."""
    life = timedelta(minutes=5)
    if scheme == "etna-v1":
        return server_etna.verify(call, [b"secret"], host=HOST, now=NOON, max_life=life)
    ring = KeyRing(key_id="pk_a", secrets=(b"secret",), max_life=life, scheme=scheme)
    return server_rfc9421.verify(call, ring, base_url=f"https://{HOST}", host=HOST, now=NOON)
