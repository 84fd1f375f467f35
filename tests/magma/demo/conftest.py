"""A demo warehouse without sockets: the same answers, sooner."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

import pytest

from magma.demo.answers import Reply
from magma.demo.tokens import KeyPair, mint
from magma.demo.warehouse import Request, Warehouse

SEEDED = datetime(2026, 5, 4, 12, 0, 0, 123456, tzinfo=UTC)


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = SEEDED

    def __call__(self) -> datetime:
        return self.now


class Ask(Protocol):
    """Asks a warehouse something, as somebody."""

    def __call__(self, path: str, perm: str = ..., /, **body: Any) -> Any: ...


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bare_warehouse(janus_keys: KeyPair, clock: Clock) -> Warehouse:
    warehouse = Warehouse(janus_keys.public, clock=clock)
    warehouse.seed()
    return warehouse


@pytest.fixture
def reply(bare_warehouse: Warehouse, janus_keys: KeyPair) -> Callable[..., Reply]:
    """The whole answer, status included."""

    def post(path: str, perm: str = "V:labors,dt_lung", **body: Any) -> Reply:
        headers = {"Authorization": f"Etna {mint(janus_keys.private, email='a@ucsf.edu', perm=perm)}"}
        content = json.dumps({"project_name": "labors"} | body).encode()
        return bare_warehouse.answer(Request("POST", path, headers, content))

    return post


@pytest.fixture
def ask(reply: Callable[..., Reply]) -> Ask:
    """The body of an answer that must be 200."""

    def ask_for(path: str, perm: str = "V:labors,dt_lung", /, **body: Any) -> Any:
        answer = reply(path, perm, **body)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    return ask_for


@pytest.fixture
def query(ask: Ask) -> Callable[..., Any]:
    """The answer to a query."""

    def answer_to(*question: Any, **body: Any) -> Any:
        return ask("/query", query=list(question), **body)["answer"]

    return answer_to


@pytest.fixture
def update(ask: Ask) -> Callable[..., Any]:
    """The documents of an update, by model."""

    def revise(project: str = "labors", **revisions: Any) -> Any:
        models = ask("/update", "E:labors,dt_lung", project_name=project, revisions=revisions)["models"]
        return {name: model["documents"] for name, model in models.items()}

    return revise
