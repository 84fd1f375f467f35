"""A stand-in for the server, for what a real one should never do.

It checks signatures with the server's own code, keeps what it was asked, and answers as it was told to.
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from polyphemus_site.api.signing import etna
from polyphemus_site.api.signing.calls import Call
from polyphemus_site.api.signing.refusals import SignatureRefusedError

SECRET = b"an analyst's secret"
KEY_ID = "pk_analyst"


@dataclass
class Asked:
    """One call that was believed."""

    method: str
    path: str
    query: dict[str, str]
    body: dict[str, Any]
    headers: dict[str, str]


@dataclass
class Script:
    """What the stand-in answers: for each route the answers in turn, the last one for ever."""

    answers: dict[str, deque[tuple[int, Any, dict[str, str]]]] = field(
        default_factory=lambda: defaultdict(deque)
    )
    asked: list[Asked] = field(default_factory=list)
    disbelieved: list[str] = field(default_factory=list)
    offset: timedelta = timedelta()
    url: str = ""

    def on(self, route: str, status: int, document: Any = None, **headers: str) -> None:
        """Queue an answer: `on("POST bids", 200, {"message": "go"})`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[route].append((status, {} if document is None else document, named))

    def now(self) -> datetime:
        """The time here."""
        return datetime.now(UTC) + self.offset

    def next_answer(self, route: str) -> tuple[int, Any, dict[str, str]]:
        """The answers in turn; the last one for ever; nothing is known of other routes."""
        queue = self.answers[route]
        if not queue:
            return 404, {"title": "Not Found", "code": "not_found"}, {}
        return queue.popleft() if len(queue) > 1 else queue[0]

    def calls(self, route: str) -> list[Asked]:
        """What was asked of a route."""
        return [one for one in self.asked if route_of(one.method, one.path) == route]


def route_of(method: str, path: str) -> str:
    """`POST bids`, `GET requests`, `GET requests/NAME`."""
    return f"{method} {path.partition('/api/v1/')[2]}"


@contextmanager
def serving() -> Iterator[Script]:
    """A stand-in on a port of its own."""
    script = Script()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Scripted", (Handler,), {"script": script}))
    script.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Handler(BaseHTTPRequestHandler):
    """Answers one connection; `script` is set by `serving`."""

    protocol_version = "HTTP/1.1"
    script: ClassVar[Script]

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        return format_datetime(self.script.now().replace(microsecond=0), usegmt=True)

    def _answer(self, body: bytes) -> None:
        status, document, headers = self._judge(self._call(body))
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _judge(self, call: Call) -> tuple[int, Any, Mapping[str, str]]:
        try:
            etna.verify(
                call, [SECRET], host="127.0.0.1", now=self.script.now(), max_life=timedelta(minutes=5)
            )
        except SignatureRefusedError as error:
            self.script.disbelieved.append(str(error))
            return 401, {"title": "Unauthorized", "status": 401}, {}
        self.script.asked.append(
            Asked(call.method, call.path, call.query, call.body_fields, dict(call.headers))
        )
        return self.script.next_answer(route_of(call.method, call.path))

    def _call(self, body: bytes) -> Call:
        path, _, query = self.path.partition("?")
        headers = tuple((name.lower(), value) for name, value in self.headers.items())
        return Call(
            method=self.command, host="127.0.0.1", path=path, raw_query=query, headers=headers, body=body
        )
