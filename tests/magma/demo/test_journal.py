"""What the demo warehouse pushes to the journal, received over real HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from magma.demo.answers import as_json
from magma.demo.receiver import Receiver
from magma.demo.server import serving
from magma.demo.signing import Signer
from magma.demo.warehouse import Request
from tests.magma.demo_fixture import PATIENCE, RunningWarehouse

KEY = "a key both sides know"
HEADERS = ["user", "event", "message", "payload", "consolidate", "application"]


def pushes(receiver: Receiver, count: int) -> list[Request]:
    """That many pushes, waited for."""
    deadline = time.monotonic() + PATIENCE
    while len(receiver.pushes) < count:
        assert time.monotonic() < deadline, f"only {len(receiver.pushes)} pushes came"
        time.sleep(0.01)
    return receiver.pushes


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    with serving(receiver.answer) as server:
        receiver.url = server.url
        yield receiver


@pytest.fixture
def pushing(start_warehouse: Callable[..., RunningWarehouse], receiver: Receiver) -> RunningWarehouse:
    return start_warehouse("--journal-url", receiver.url, "--etna-key", KEY)


def body_of(request: Request) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(request.body)
    return body


def test_an_update_is_pushed_with_the_whole_answer(pushing: RunningWarehouse, receiver: Receiver) -> None:
    pushing.load({"victim": {"NEW-1": {"monster": "Nemean Lion Monster"}}}, project="labors")

    body = body_of(pushes(receiver, 1)[0])
    model = json.loads(body.pop("payload"))["models"]["victim"]
    assert body == {
        "project_name": "labors",
        "user": "EDITOR@ucsf.edu",
        "event": "update",
        "message": "made updates to models: victim (1)",
        "consolidate": None,
        "application": None,
    }
    assert model["documents"] == {"NEW-1": {"name": "NEW-1", "monster": "Nemean Lion Monster"}}
    assert model["template"]["parent"] == "monster"


def test_a_push_is_signed_in_its_query(pushing: RunningWarehouse, receiver: Receiver) -> None:
    pushing.load({"victim": {"Ödipus": {"weapon": "Keule"}}}, project="labors")

    push = pushes(receiver, 1)[0]
    fields, body = dict(parse_qsl(urlsplit(push.target).query)), body_of(push)
    signature = Signer("magma", KEY).signature(
        method="POST",
        url=receiver.url + push.path,
        nonce=fields["X-Etna-Nonce"],
        expiration=fields["X-Etna-Expiration"],
        values={name: body[name] for name in HEADERS},
    )
    assert list(fields) == [
        f"X-Etna-{name}" for name in ("Signature", "Expiration", "Nonce", "Id", "Headers")
    ]
    assert fields["X-Etna-Signature"] == signature
    assert (fields["X-Etna-Id"], fields["X-Etna-Headers"]) == ("magma", ",".join(HEADERS))
    assert datetime.fromisoformat(fields["X-Etna-Expiration"]).utcoffset() is not None
    assert push.headers["Authorization"].strip() == "Etna"


def test_a_dry_run_is_pushed_too(pushing: RunningWarehouse, receiver: Receiver) -> None:
    headers = {"Authorization": f"Etna {pushing.mint('EDITOR')}"}
    body = {"project_name": "labors", "revisions": {"victim": {"DRY-1": {}}}, "dry_run": True}

    httpx.post(f"{pushing.url}/update", json=body, headers=headers).raise_for_status()

    assert "DRY-1" in body_of(pushes(receiver, 1)[0])["payload"]


def test_the_route_is_asked_for_once(pushing: RunningWarehouse, receiver: Receiver) -> None:
    for name in ("A", "B"):
        pushing.load({"victim": {name: {}}}, project="labors")

    pushes(receiver, 2)
    assert [one.method for one in receiver.requests] == ["OPTIONS", "POST", "POST"]


def test_a_push_that_fails_is_lost_and_the_next_one_goes_out(
    pushing: RunningWarehouse, receiver: Receiver
) -> None:
    receiver.answers.append(as_json({"error": "no"}, 500))
    for name in ("A", "B"):
        pushing.load({"victim": {name: {}}}, project="labors")

    first, second = pushes(receiver, 2)
    assert '"A"' in body_of(first)["payload"]
    assert '"B"' in body_of(second)["payload"]


def test_a_journal_that_is_away_holds_up_nobody(start_warehouse: Callable[..., RunningWarehouse]) -> None:
    warehouse = start_warehouse("--journal-url", "http://127.0.0.1:9", "--etna-key", KEY)

    assert warehouse.load({"victim": {"A": {}}}, project="labors") == {"victim": {"A": {"name": "A"}}}
