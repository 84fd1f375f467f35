"""The broker dies under a running web process: the journal goes on, signed calls of analysts wait."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from magma.journal.models import JournalEntry
from polyphemus_site.embedded.programs import installed
from tests.magma.journal.conftest import KEY, Push
from tests.web import Web, free_port, running, serving

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def web_without_broker(tmp_path: Path) -> Iterator[Web]:
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    variables: dict[str, Any] = {
        "REDIS_URL": f"redis://127.0.0.1:{port}/0",
        "POLYPHEMUS_ETNA_KEYS": json.dumps({"magma": KEY}),
    }
    with ExitStack() as broker:
        broker.enter_context(running([str(installed().redis), *options], port, {}, tmp_path / "broker.log"))
        with serving(tmp_path, **variables) as web:
            broker.close()
            yield web


def push_to(web: Web, push: Push) -> httpx.Response:
    target = push.target(datetime.now(UTC), host="127.0.0.1")
    return httpx.post(
        web.url + target, content=push.body(), headers={"Content-Type": "application/json"}, timeout=20
    )


class TestWithoutBroker:
    def test_entries_are_kept_and_answered_and_left_to_be_told(
        self, web_without_broker: Web, update: dict[str, Any]
    ) -> None:
        push_to(web_without_broker, Push(update, nonce="a" * 32))
        started = time.monotonic()

        response = push_to(web_without_broker, Push(update, nonce="b" * 32))

        entry = JournalEntry.objects.latest("pk")
        assert (response.status_code, response.json()) == (200, {"log": entry.pk})
        assert entry.handled_at is None
        assert time.monotonic() - started < 5

    def test_a_replay_is_still_refused(self, web_without_broker: Web, update: dict[str, Any]) -> None:
        push = Push(update)
        target = push.target(datetime.now(UTC), host="127.0.0.1")

        statuses = [
            httpx.post(
                web_without_broker.url + target,
                content=push.body(),
                headers={"Content-Type": "application/json"},
                timeout=20,
            ).status_code
            for _ in range(2)
        ]

        assert statuses == [200, 401]
