"""A stand-in server, and an analyst's journal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from polyphemus_analyst.client import Dispatch
from polyphemus_analyst.documents import Request
from polyphemus_analyst.journal import Journal
from polyphemus_analyst.signing import Key
from tests.analyst.standin import KEY_ID, SECRET, Script, serving


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
