from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest

from magma.demo.answers import Reply
from magma.demo.tokens import KeyPair, make_keys, mint
from magma.demo.warehouse import Request, Warehouse

READ: dict[str, Any] = {"/query": {"query": ["habitat", "::count"]}}
WRITE: dict[str, Any] = {"/update": {"revisions": {"victim": {"A": {}}}}}


@pytest.mark.parametrize(
    ("perm", "read", "written"),
    [
        ("a:labors", 200, 200),
        ("e:x,labors", 200, 200),
        ("v:labors", 200, 403),
        ("g:x;G:labors", 200, 403),
        ("e:administration", 200, 200),
        ("v:administration", 200, 403),
        ("g:administration", 403, 403),
        ("a:dt_lung", 403, 403),
        ("", 403, 403),
    ],
)
def test_a_role_opens_what_it_opens_in_magma(
    reply: Callable[..., Reply], perm: str, read: int, written: int
) -> None:
    statuses = [reply(path, perm, **body).status for path, body in (READ | WRITE).items()]

    assert statuses == [read, written]


@pytest.mark.parametrize(("perm", "count"), [("v:labors", 161), ("V:labors", 178), ("A:administration", 161)])
def test_only_an_upper_case_letter_on_the_project_shows_restricted_records(
    reply: Callable[..., Reply], perm: str, count: int
) -> None:
    answer = reply("/query", perm, query=["victim", "::count"])

    assert json.loads(answer.body)["answer"] == count


def tokens(keys: KeyPair) -> dict[str, str]:
    """Tokens that must not open anything."""
    perm: dict[str, Any] = {"email": "a@ucsf.edu", "perm": "a:labors"}
    return {
        "nonsense": "nonsense",
        "signed by another": mint(make_keys().private, **perm),
        "expired": mint(keys.private, **perm, life=timedelta(seconds=-1)),
        "without an end": jwt.encode(perm, keys.private, algorithm="RS256"),
        "unsigned": jwt.encode(perm | {"exp": 4102444800}, "", algorithm="none"),
    }


@pytest.mark.parametrize("kind", ["nonsense", "signed by another", "expired", "without an end", "unsigned"])
def test_a_token_that_does_not_hold_is_refused(
    bare_warehouse: Warehouse, janus_keys: KeyPair, kind: str
) -> None:
    headers = {"Authorization": f"Etna {tokens(janus_keys)[kind]}"}

    answer = bare_warehouse.answer(Request("GET", "/", headers))

    assert (answer.status, answer.body, answer.media) == (401, b"You are unauthorized", "text/html")
