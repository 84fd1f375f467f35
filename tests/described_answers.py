"""Every good answer of the API that a test gets is held to what the API says of itself."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from django.http import HttpResponseBase
from jsonschema_rs import Draft202012Validator
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from polyphemus_site.openapi.described import Described


@pytest.fixture(autouse=True)
def described_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A view that says something else than it gives fails the test that saw it."""
    finalize = APIView.finalize_response

    def judged(view: Any, request: Any, response: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        final = finalize(view, request, response, *args, **kwargs)
        said: Described | None = getattr(view, "described", {}).get(request.method)
        if said and 200 <= final.status_code < 300:
            renderer = getattr(request, "accepted_renderer", None)
            judge(said, final, str(getattr(renderer, "media_type", "")))
        return final

    monkeypatch.setattr(APIView, "finalize_response", judged)


def judge(said: Described, answer: Any, media_type: str) -> None:
    """The status is among those that are told, and the body has the shape that is told with it."""
    given = {kind: shape for (status, kind), shape in said.gives.items() if status == answer.status_code}
    assert given, f"{answer.status_code} is not described"
    if media_type in given and isinstance(answer, Response):
        validator_of(json.dumps(given[media_type])).validate(json.loads(JSONRenderer().render(answer.data)))


@cache
def validator_of(shape: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(shape))
