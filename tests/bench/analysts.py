"""Analysts of the benchmarks: keys, and calls signed with them."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from dispatch.scopes import EVERYTHING
from dispatch.services import keys
from polyphemus_site.api.signing import etna
from tests.bench import load

HOST = "127.0.0.1"
KEK = bytes(32)


class Analyst:
    """One analyst with a key that may do anything."""

    def __init__(self, email: str = "bench@ucsf.edu") -> None:
        """Make the key."""
        made = keys.create(
            analyst=email, scheme="etna-v1", scopes=EVERYTHING, kek=KEK, actor="bench", now=datetime.now(UTC)
        )
        self.email, self.key_id, self.secret = email, made.key.pk, made.secret.encode()

    def headers(self, method: str, path: str, signed: dict[str, Any]) -> dict[str, str]:
        """A fresh signature."""
        return etna.sign(
            method=method,
            host=HOST,
            path=path,
            key_id=self.key_id,
            key=self.secret,
            signed=signed,
            nonce=secrets.token_urlsafe(16),
            expires=datetime.now(UTC) + timedelta(minutes=4),
        )

    def post(self, path: str, body: dict[str, Any]) -> bytes:
        """The bytes of a signed call."""
        signed = {"Host": HOST, **self.headers("POST", path, body)}
        return load.request("POST", path, signed, json.dumps(body).encode())

    def bid(self, name: str) -> bytes:
        """A bid of an hour."""
        body = {"analysis": "exome_pipe", "analyst": self.email, "name": name, "time": "3600"}
        return self.post("/api/v1/bids", body)

    def ticket(self, name: str) -> bytes:
        """The ticket that ends it."""
        return self.post("/api/v1/tickets", {"analysis": "exome_pipe", "name": name})


def ready(made: bytes) -> Callable[[], bytes]:
    """A request signed beforehand."""
    return lambda: made
