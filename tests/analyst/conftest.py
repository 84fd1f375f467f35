"""A stand-in server, and an analyst's journal."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from dispatch.models import AnalysisRequest
from dispatch.scopes import Scope
from dispatch.services import keys, requests
from dispatch.services.keys import NewKey
from polyphemus_analyst.client import Dispatch
from polyphemus_analyst.documents import Request
from polyphemus_analyst.executors.local import Local
from polyphemus_analyst.journal import Journal
from polyphemus_analyst.signing import Key
from polyphemus_analyst.working import Analyst, Plan
from tests.analyst.standin import KEY_ID, SECRET, Script, serving

#: A cluster of one's own needs root, as its daemons do.
collect_ignore = [] if os.geteuid() == 0 else ["test_slurm.py"]
KEK = bytes(range(32))


@pytest.fixture
def server() -> Iterator[Script]:
    with serving() as script:
        yield script


@pytest.fixture
def key() -> Key:
    return Key(id=KEY_ID, secret=SECRET)


@pytest.fixture
def waited() -> list[float]:
    """The seconds a client would have slept."""
    return []


@pytest.fixture
def dispatch(server: Script, key: Key, waited: list[float]) -> Iterator[Dispatch]:
    made = Dispatch(server.url, key, sleep=waited.append)
    yield made
    made.http.close()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "home")
    yield opened
    opened.close()


@pytest.fixture
def tumor_pair() -> Request:
    config = {"project": "dt_lung", "inputs": ["blood_normal.exome", "tumor.exome"]}
    return Request(
        analysis="exome_pipe",
        name="dt_lung_tumor_pair",
        status="new",
        config=config,
        analyst="",
        outcome="",
        document={"analysis": "exome_pipe", "name": "dt_lung_tumor_pair", "status": "new", "config": config},
    )


@pytest.fixture
def address(live_server: LiveServer, settings: Settings) -> str:
    """The server's public address: what calls are signed for."""
    settings.POLYPHEMUS_KEK = KEK
    settings.POLYPHEMUS_URL = live_server.url
    settings.POLYPHEMUS_HOST = "localhost"
    return str(live_server.url)


@pytest.fixture
def published(requester: str, now: datetime) -> AnalysisRequest:
    return requests.submit(
        analysis="exome_pipe",
        project="dt_lung",
        inputs=["blood_normal.exome", "tumor.exome"],
        params={"step": "mapping"},
        requester=requester,
        name="dt_lung_tumor_pair",
        now=now,
    )


@pytest.fixture
def scheme() -> str:
    """How the key signs, unless a test names another."""
    return "etna-v1"


@pytest.fixture
def server_key(address: str, scheme: str, analyst: str, now: datetime) -> NewKey:
    return keys.create(
        analyst=analyst,
        scheme=scheme,
        scopes=[Scope("dt_lung", "exome_pipe", "*")],
        kek=KEK,
        actor="test",
        now=now,
    )


@pytest.fixture
def work(dispatch: Dispatch, journal: Journal) -> Callable[..., Analyst]:
    """An analyst; two made in one test are two lives of the same one."""

    def make(command: str, **plan: Any) -> Analyst:
        chosen: dict[str, Any] = {
            "analysis": "exome_pipe",
            "command": command,
            "estimate": 3600,
            "analyst": "saurabh.asthana@ucsf.edu",
        } | plan
        return Analyst(Plan(**chosen), dispatch, journal, Local(), say=lambda *_: None)

    return make


@pytest.fixture
def opened(server: Script, tumor_pair: Request) -> Script:
    """A server with one open request, which takes bids, tickets and releases."""
    server.on("GET requests", 200, {"requests": [tumor_pair.document], "next": None})
    server.on("POST bids", 200, {"message": "go"}, Polyphemus_Award="2")
    server.on("POST tickets", 200, {"message": "archived"})
    server.on("POST releases", 200, {"message": "released"})
    server.on("POST extensions", 200, {"message": "extended"})
    return server
