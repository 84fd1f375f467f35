"""The example of signing.md is a client: it polls and bids at a real server."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from dispatch.scopes import EVERYTHING
from dispatch.services import keys, requests
from dispatch.services.keys import NewKey
from tests.dispatch.calls import KEK, server_time

PAGE = Path(__file__).parents[2] / "docs" / "explanations" / "signing.md"


@pytest.fixture
def signed() -> Any:
    """What the page defines."""
    [block] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    defined: dict[str, Any] = {}
    exec(block, defined)  # noqa: S102 — our own page
    return defined["signed"]


@pytest.fixture
def made(live_server: LiveServer, settings: Settings, analyst: str, requester: str) -> NewKey:
    """A key for an open request."""
    settings.POLYPHEMUS_URL, settings.POLYPHEMUS_KEK = live_server.url, KEK
    requests.submit(
        analysis="chore", project="dt_lung", inputs=[], name="pair", requester=requester, now=server_time()
    )
    return keys.create(
        analyst=analyst, scheme="rfc9421-v1", scopes=EVERYTHING, kek=KEK, actor="t", now=server_time()
    )


def answer_to(call: Any) -> Any:
    with urlopen(call) as answer:  # noqa: S310 — the live server
        return json.load(answer)


def test_it_polls_and_bids(signed: Any, made: NewKey, live_server: LiveServer, analyst: str) -> None:
    url, key = f"{live_server.url}/api/v1", (made.key.pk, made.secret)

    [request] = answer_to(signed("GET", f"{url}/requests?analysis=chore", *key))["requests"]
    bid = {"analysis": "chore", "analyst": analyst, "name": request["name"], "time": "60"}
    said = answer_to(signed("POST", f"{url}/bids", *key, bid, **{"Idempotency-Key": "one"}))

    assert said == {"message": "go"}
