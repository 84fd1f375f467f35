"""A loopback server that answers with one recorded reply and keeps what it was asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from magma.recordings.exchanges import RecordedResponse

#: Written anew by the server, since they belong to the connection and not to the answer.
OF_THE_CONNECTION = frozenset(
    {"content-length", "connection", "transfer-encoding", "content-encoding", "date"}
)


@dataclass(frozen=True, slots=True)
class Heard:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Playback:
    """Put a reply on, ask, and look at what was heard."""

    url: str
    reply: RecordedResponse | None = None
    heard: list[Heard] = field(default_factory=list)

    def put_on(self, reply: RecordedResponse) -> None:
        """From now on this is the answer; what was heard before is forgotten."""
        self.reply = reply
        self.heard.clear()


@contextmanager
def playing() -> Iterator[Playback]:
    """A server for as long as the block lasts."""
    server = _Server(("127.0.0.1", 0), _Answering)
    playback = server.playback = Playback(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield playback
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    playback: Playback


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def answer(self) -> None:
        playback = self.server.playback
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        playback.heard.append(Heard(self.command, self.path, dict(self.headers.items()), body))
        reply = playback.reply or RecordedResponse(status=503)
        encoded = reply.encoded()
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            if name.lower() not in OF_THE_CONNECTION:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    do_GET = do_POST = answer  # noqa: N815 — named by http.server

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
