"""A receiver of webhooks, good or bad as a test wants it, over real HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar


@dataclass
class Heard:
    """One post as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What it answers, and what it was told."""

    status: int = 200
    answer_headers: dict[str, str] = field(default_factory=dict)
    answer: bytes = b""
    #: Held back until this is set.
    go: threading.Event = field(default_factory=threading.Event)
    #: Sends its head one byte at a time, for ever.
    drips: bool = False
    heard: list[Heard] = field(default_factory=list)
    url: str = ""
    port: int = 0


class Handler(BaseHTTPRequestHandler):
    """Answers one post; `receiver` is set by `receiving`."""

    receiver: ClassVar[Receiver]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        me = self.receiver
        me.heard.append(Heard(self.path, dict(self.headers.items()), body))
        try:
            if me.drips:
                self._drip()
            me.go.wait()
            self.send_response(me.status)
            for name, value in {"Content-Length": str(len(me.answer)), **me.answer_headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(me.answer)
        except OSError:  # the caller has had enough
            self.close_connection = True

    def _drip(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not self.receiver.go.wait(0.05):
            self.wfile.write(b"a")
            self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def receiving(host: str = "127.0.0.1", port: int = 0) -> Iterator[Receiver]:
    """A receiver on a port of its own."""
    receiver = Receiver()
    receiver.go.set()
    server = ThreadingHTTPServer((host, port), type("Bound", (Handler,), {"receiver": receiver}))
    server.daemon_threads = True
    receiver.port = server.server_port
    receiver.url = f"http://{host}:{receiver.port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.go.set()
        server.shutdown()
        thread.join()
        server.server_close()
