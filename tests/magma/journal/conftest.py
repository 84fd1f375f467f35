"""What tests of the journal share: pushes as a real sibling makes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import LazySettings
from django.test import Client

from polyphemus_site import clock
from polyphemus_site.api.signing import etna

KEY = "a-key-of-magma"
HOST = "polyphemus.example.org"
DOCUMENTS = {"victim": {"NEW-1": {"monster": "Nemean Lion Monster", "name": "NEW-1", "weapon": "club"}}}


@dataclass
class Push:
    """One call to the journal, as Etna's own client makes it: fields in the query, values in the body."""

    document: dict[str, Any] = field(default_factory=dict)
    project: str = "labors"
    key_id: str = "magma"
    key: str = KEY
    nonce: str = "f69cb464da5782ff8bea37e91eb8dae3"
    life: timedelta = timedelta(days=10)

    def body(self) -> bytes:
        return json.dumps({"project_name": self.project} | self.document, ensure_ascii=False).encode()

    def target(self, now: datetime, host: str = HOST) -> str:
        path = f"/api/log/{self.project}/write"
        fields = etna.sign(
            method="POST",
            host=host,
            path=path,
            key_id=self.key_id,
            key=self.key.encode(),
            signed=self.document,
            nonce=self.nonce,
            expires=now + self.life,
        )
        return f"{path}?{urlencode(fields)}"


@pytest.fixture
def update() -> dict[str, Any]:
    """The event of an update, as recorded from a real Magma, its payload whole."""
    models = {
        name: {"documents": docs, "template": {"name": name, "attributes": {}}}
        for name, docs in DOCUMENTS.items()
    }
    return {
        "user": "eurystheus@twelve-labors.org",
        "event": "update",
        "message": "made updates to models: victim (1)",
        "payload": json.dumps({"models": models}),
        "consolidate": None,
        "application": None,
    }


@pytest.fixture
def siblings(settings: LazySettings) -> None:
    """Magma with one key, Metis with a new and an old one."""
    settings.POLYPHEMUS_ETNA_KEYS = {
        "magma": KEY,
        "metis": ["new-key", "old-key"],
        "vulcan": "",
        "janus": None,
    }
    settings.POLYPHEMUS_URL = f"https://{HOST}"
    settings.ALLOWED_HOSTS = [HOST]


Send = Callable[..., Any]


@pytest.fixture
def send(client: Client, db: None, siblings: None) -> Send:
    """Send a push, with the headers a real Magma sends."""

    def post(push: Push, *, body: bytes | None = None, **headers: str) -> Any:
        sent = {
            "HTTP_HOST": HOST,
            "HTTP_AUTHORIZATION": "Etna ",
            "HTTP_ACCEPT": "application/json, text/*",
        } | headers
        return client.generic(
            "POST",
            push.target(clock.now()),  # noqa: TID251 — the server judges by this clock
            push.body() if body is None else body,
            content_type="application/json",
            **sent,  # type: ignore[arg-type]  # the stubs know no META keywords for generic()
        )

    return post
