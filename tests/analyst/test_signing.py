from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyphemus_analyst import signing
from polyphemus_analyst.signing import Key
from polyphemus_site.api.signing import etna
from polyphemus_site.api.signing.calls import Call

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
    text = signing.text_to_sign(
        method=vector["method"],
        host=vector["host"],
        path=vector["path"],
        nonce=vector["nonce"],
        key_id=vector["id"],
        values=vector["headers_signed"],
        expires=vector["expiration"],
    )

    assert text == vector["text_to_sign"]


@given(body=st.dictionaries(names, st.one_of(texts, st.integers(), st.booleans(), st.none()), max_size=8))
def test_the_server_believes_every_body_that_is_signed(body: dict[str, Any]) -> None:
    headers = signing.sign(
        method="POST", host=HOST, path="/api/v1/bids", values=body, key=Key("pk_a", b"secret"), now=NOON
    )

    assert _believed("POST", headers, body=signing.compact_json(body).encode())


@given(query=st.dictionaries(names, texts, max_size=6))
def test_the_server_believes_every_query_that_is_signed(query: dict[str, str]) -> None:
    headers = signing.sign(
        method="GET", host=HOST, path="/api/v1/bids", values=query, key=Key("pk_a", b"secret"), now=NOON
    )

    assert _believed("GET", headers, query=urlencode(query))


def test_each_signature_has_a_nonce_of_its_own() -> None:
    headers = [
        signing.sign(method="GET", host=HOST, path="/", values={}, key=Key("pk_a", b"secret"), now=NOON)
        for _ in range(2)
    ]

    assert headers[0]["X-Etna-Nonce"] != headers[1]["X-Etna-Nonce"]


def test_a_key_does_not_show_its_secret() -> None:
    assert "hidden" not in repr(Key("pk_a", b"hidden"))


def _believed(method: str, headers: dict[str, str], *, query: str = "", body: bytes = b"") -> bool:
    sent = {name.lower(): value for name, value in headers.items()} | {"content-type": "application/json"}
    call = Call(
        method=method, host=HOST, path="/api/v1/bids", raw_query=query, headers=tuple(sent.items()), body=body
    )
    verified = etna.verify(call, [b"secret"], host=HOST, now=NOON, max_life=timedelta(minutes=5))
    return verified.key_id == "pk_a"
