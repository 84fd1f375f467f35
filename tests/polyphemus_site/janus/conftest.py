"""A real Janus on loopback, as far as Polyphemus asks it, and settings that trust the tests' key."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core.cache import caches
from pytest_django import Settings

from tests.polyphemus_site.janus.tokens import public_key


class JanusServer(ThreadingHTTPServer):
    """Answers `/api/user/projects` with `projects`, and task tokens in `tasks` as valid; counts the calls."""

    def __init__(self) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), JanusAnswers)
        self.projects: list[dict[str, Any]] = []
        self.tasks: set[str] = set()
        self.calls: list[str] = []
        self.body: bytes | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


class JanusAnswers(BaseHTTPRequestHandler):
    """The two calls."""

    server: JanusServer

    def do_GET(self) -> None:
        """The project list."""
        self.server.calls.append(self.path)
        self.answer(200, self.server.body or json.dumps({"projects": self.server.projects}).encode())

    def do_POST(self) -> None:
        """Whether a task token counts."""
        self.server.calls.append(self.path)
        known = self.headers.get("Authorization", "").removeprefix("Etna ") in self.server.tasks
        self.answer(200 if known else 401, b"{}")

    def answer(self, status: int, body: bytes) -> None:
        """One JSON answer."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(autouse=True)
def janus_key(settings: Settings) -> None:
    settings.POLYPHEMUS_JANUS_PUBLIC_KEY = public_key()
    settings.POLYPHEMUS_JANUS_URL = ""
    settings.POLYPHEMUS_JANUS_COOKIE = "JANUS_TOKEN"
    caches["janus"].clear()


@pytest.fixture
def janus(settings: Settings, janus_key: None) -> Iterator[JanusServer]:
    server = JanusServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    settings.POLYPHEMUS_JANUS_URL = server.url
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
