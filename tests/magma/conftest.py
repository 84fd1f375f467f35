"""A stand-in for Magma, and a client of it that is not patient."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from magma.client import Magma
from magma.tokens import TokenSource
from magma.wire import Patience
from tests.magma.stand_in import StandIn, standing_in

HASTY = Patience(connect_seconds=2, read_seconds=0.3, whole_answer_seconds=2, pause_seconds=0.001)


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
