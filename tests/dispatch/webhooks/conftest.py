"""Receivers and endpoints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from ipaddress import ip_network
from typing import Any

import pytest

from dispatch.webhooks.services import delivery, endpoints, telling
from dispatch.webhooks.services.endpoints import NewEndpoint
from tests.dispatch.calls import KEK
from tests.dispatch.webhooks.receiver import Receiver, receiving

#: The loopback, allowed by name as an installation would allow its own network.
LOOPBACK = (ip_network("127.0.0.0/8"),)
Make = Callable[..., NewEndpoint]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def endpoint(db: None, receiver: Receiver, now: datetime) -> Make:
    """Make an endpoint at the receiver."""

    def make(owner: str, *types: str, **changes: Any) -> NewEndpoint:
        asked: dict[str, Any] = {
            "owner": owner,
            "url": receiver.url,
            "types": types,
            "allowed": LOOPBACK,
            "kek": KEK,
            "actor": "tests",
            "now": now,
        }
        return endpoints.create(**(asked | changes))

    return make


def tell(now: datetime) -> int:
    """Owe what happened."""
    return telling.tell(site_url="https://polyphemus.example.org", now=now)


def deliver(now: datetime) -> int:
    """Send what is due."""
    return delivery.deliver(keks=[KEK], allowed=LOOPBACK, now=now)
