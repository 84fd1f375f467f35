"""HTTP/1.1 for the demo warehouse, with kept connections: the standard library's threading server."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from magma.demo.answers import Reply
from magma.demo.warehouse import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Whatever turns a request into a reply.
Application = Callable[[Request], Reply]

#: Generous: whole models are loaded in one call.
LARGEST_BODY = 64 * 1024 * 1024


class Server(ThreadingHTTPServer):
    """A thread for each connection; none of them holds up the end."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], application: Application) -> None:
        """Listen at the address; port 0 takes a free one."""
        self.application = application
        super().__init__(address, Conversation)

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"


class Conversation(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "magma-demo"
    # Answers leave in one piece and at once: head and body in two packets would wait for each other.
    wbufsize = -1
    disable_nagle_algorithm = True
    timeout = 75
    server: Server

    def converse(self) -> None:
        """Read a request whole, answer it."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST_BODY:
            self.send_error(413)
            return
        headers = {name.title(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self.rfile.read(length))
        self.send(self.server.application(request))

    do_GET = do_POST = do_OPTIONS = do_DELETE = do_PUT = do_HEAD = converse  # noqa: N815 - the library's names

    def send(self, reply: Reply) -> None:
        """Send a reply."""
        self.send_response(reply.status)
        named = [("Content-Type", reply.media)] if reply.media else []
        for name, value in [*named, *reply.headers, ("Content-Length", str(len(reply.body)))]:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet; what matters is logged where it happens."""


@contextmanager
def serving(application: Application, host: str = "127.0.0.1", port: int = 0) -> Iterator[Server]:
    """Serve from a thread for as long as the block lasts."""
    server = Server((host, port), application)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
