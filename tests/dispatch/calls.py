"""Calls as analysts and people make them, over Django's test client."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.test import Client

from dispatch.scopes import EVERYTHING, Scopes
from dispatch.services import keys
from polyphemus_site import clock
from polyphemus_site.api.signing import etna
from tests.polyphemus_site.janus.tokens import token

HOST = "127.0.0.1"
KEK = bytes(range(32))


def server_time() -> datetime:
    """The time by which the server judges signatures."""
    return clock.now()  # noqa: TID251 — the server judges by this clock


@dataclass
class Program:
    """An analyst's program: signs each call with its key."""

    key_id: str
    secret: str
    client: Client = field(default_factory=Client)

    def headers(self, method: str, path: str, signed: dict[str, Any]) -> dict[str, str]:
        """A fresh signature."""
        return etna.sign(
            method=method,
            host=HOST,
            path=path,
            key_id=self.key_id,
            key=self.secret.encode(),
            signed=signed,
            nonce=secrets.token_urlsafe(16),
            expires=server_time() + timedelta(minutes=2),
        )

    def get(self, target: str, **headers: str) -> Any:
        """Read; the query is signed too."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        signature = self.headers("GET", parts.path, query)
        return self.client.get(target, headers={"Host": HOST, **signature, **headers})

    def post(self, path: str, body: dict[str, Any], **headers: str) -> Any:
        """Write."""
        signature = self.headers("POST", path, body)
        return self.client.post(
            path,
            json.dumps(body, ensure_ascii=False),
            content_type="application/json",
            headers={"Host": HOST, **signature, **headers},
        )


@dataclass
class Visitor:
    """A person, known by a token of Janus."""

    token: str
    client: Client = field(default_factory=Client)

    def get(self, target: str, **headers: str) -> Any:
        """Read."""
        return self.client.get(target, headers=self._headers(headers))

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """Write: JSON, or exactly these bytes."""
        content = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
        return self.client.post(
            path, content, content_type="application/json", headers=self._headers(headers)
        )

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        return {"Host": HOST, "Authorization": f"Etna {self.token}", **more}


def program_of(analyst: str, scopes: Scopes = EVERYTHING) -> Program:
    """A program with a new key."""
    made = keys.create(
        analyst=analyst, scheme="etna-v1", scopes=scopes, kek=KEK, actor="tests", now=server_time()
    )
    return Program(made.key.pk, made.secret)


def visitor(email: str, perm: str = "e:dt_lung") -> Visitor:
    """A person with these permissions."""
    return Visitor(token(email, perm))
