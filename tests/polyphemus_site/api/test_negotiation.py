"""Representations by the weights a caller gives them."""

from __future__ import annotations

import pytest
from rest_framework.exceptions import NotAcceptable
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from dispatch.renderers import RENDERERS
from polyphemus_site.api.negotiation import WeighingNegotiation

V1, V2 = "application/json", "application/vnd.polyphemus.v2+json"
RENDERER: list[BaseRenderer] = [kind() for kind in RENDERERS]


def chosen(accept: str | None) -> str:
    headers = {} if accept is None else {"Accept": accept}
    request = Request(APIRequestFactory().get("/", headers=headers))
    return WeighingNegotiation().select_renderer(request, RENDERER)[1]


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, V1),
        ("", V1),
        ("*/*", V1),
        ("application/*", V1),
        (V1, V1),
        ("APPLICATION/JSON", V1),
        ("application/json; charset=utf-8", V1),
        (V2, V2),
        (f"{V2}, {V1};q=0.5", V2),
        (f"{V1};q=0.5, {V2}", V2),
        (f"{V2};q=0.5, {V1};q=0.9", V1),
        (f"{V1}, {V2}", V1),
        (f"{V1};q=0, */*", V2),
        (f"{V2};q=0, */*", V1),
        (f"*/*;q=0.9, {V2};q=0.1", V1),
        (f"text/html, {V2};q=0.1", V2),
        ("text/html, application/xhtml+xml, */*;q=0.8", V1),
        (f"{V2};q=abc", V2),
        (f"{V2};q=7", V2),
        (f",, ,{V2}", V2),
        (",", V1),
    ],
)
def test_what_is_liked_best_is_given(accept: str | None, media_type: str) -> None:
    assert chosen(accept) == media_type


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "application/vnd.polyphemus.v3+json",
        "*/*;q=0",
        "application/json;q=0",
        "application/json;q=0.0, text/html",
        ";;;",
        "*",
        "\xe9",
        "a/b," * 5000,
        "a/b" * 5000,
    ],
)
def test_what_is_not_liked_at_all_is_not_given(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        chosen(accept)
