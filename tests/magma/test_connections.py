"""The one client of a process, made of its settings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from pytest_django.fixtures import Settings

from magma.client import connect, disconnect, token_source
from magma.demo.tokens import KeyPair
from magma.errors import MagmaNotConfigured
from magma.janus_login import JanusLogin
from magma.tokens import StaticToken


@pytest.fixture(autouse=True)
def _settled(settings: Settings) -> Iterator[None]:
    settings.POLYPHEMUS_MAGMA_URL = "http://127.0.0.1:1"
    settings.POLYPHEMUS_MAGMA_TOKEN = "a.b.c"
    settings.POLYPHEMUS_JANUS_EMAIL = ""
    settings.POLYPHEMUS_PROJECTS = ["ipi"]
    yield
    disconnect()


def test_gives_one_client_to_a_worker(settings: Settings) -> None:
    assert connect() is connect()
    assert connect().projects() == ["ipi"]


def test_gives_the_same_client_to_all_threads() -> None:
    with ThreadPoolExecutor(16) as threads:
        clients = set(threads.map(lambda _: connect(), range(64)))

    assert len(clients) == 1


def test_follows_the_settings(settings: Settings) -> None:
    before = connect()
    settings.POLYPHEMUS_MAGMA_URL = "http://127.0.0.1:2"

    assert connect().wire.base == "http://127.0.0.1:2"
    assert before.wire.base == "http://127.0.0.1:1"


def test_gives_a_forked_worker_connections_of_its_own() -> None:
    reading, writing = os.pipe()
    mine = id(connect())

    child = os.fork()
    if not child:
        os.write(writing, str(id(connect()) != mine).encode())
        os._exit(0)

    os.waitpid(child, 0)
    assert os.read(reading, 10) == b"True"


@pytest.mark.parametrize("name", ["POLYPHEMUS_MAGMA_URL", "POLYPHEMUS_MAGMA_TOKEN"])
def test_says_what_is_not_set(settings: Settings, name: str) -> None:
    setattr(settings, name, "")

    with pytest.raises(MagmaNotConfigured, match=name):
        connect()


def test_prefers_a_login_that_renews_itself(settings: Settings, janus_keys: KeyPair) -> None:
    without = token_source()
    settings.POLYPHEMUS_JANUS_EMAIL = "polyphemus@ucsf.edu"
    settings.POLYPHEMUS_JANUS_PRIVATE_KEY = janus_keys.private
    settings.POLYPHEMUS_JANUS_URL = "http://127.0.0.1:1"

    with closing(token_source()) as login:
        kind = type(login)

    assert (type(without), kind) == (StaticToken, JanusLogin)
