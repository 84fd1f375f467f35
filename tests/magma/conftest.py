"""A stand-in for Magma, and a client of it that is not patient."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from magma.client import Magma
from magma.demo.tokens import KeyPair
from magma.janus_login import JanusLogin
from magma.tokens import TokenSource
from magma.wire import Patience
from tests.magma.janus import EMAIL, SmallJanus, small_janus
from tests.magma.stand_in import StandIn, standing_in

HASTY = Patience(connect_seconds=2, read_seconds=0.3, whole_answer_seconds=2, attempts=3, pause_seconds=0.001)


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with standing_in() as server:
        yield server


@pytest.fixture
def make_magma(stand_in: StandIn) -> Iterator[Callable[..., Magma]]:
    """Clients of the stand-in, closed in the end."""
    with ExitStack() as stack:

        def make(*, token: TokenSource | str = "a.b.c", url: str = stand_in.url, **patience: Any) -> Magma:
            magma = Magma(url=url, token=token, patience=replace(HASTY, **patience))
            stack.callback(magma.close)
            return magma

        yield make


@pytest.fixture
def magma(make_magma: Callable[..., Magma]) -> Magma:
    return make_magma()


@pytest.fixture
def janus(janus_keys: KeyPair) -> Iterator[SmallJanus]:
    with small_janus(janus_keys) as server:
        yield server


@pytest.fixture
def make_login(janus: SmallJanus) -> Iterator[Callable[..., JanusLogin]]:
    """Logins at the small Janus, closed in the end."""
    with ExitStack() as stack:

        def make(
            *, private_key: str = janus.account.private, url: str = janus.url, **more: Any
        ) -> JanusLogin:
            login = JanusLogin(url=url, email=EMAIL, private_key=private_key, **more)
            stack.callback(login.close)
            return login

        yield make
