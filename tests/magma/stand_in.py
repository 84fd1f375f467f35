"""A TCP server whose every answer a test writes itself, faults included."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

#: What to do with a connection whose request has been read.
Act = Callable[[socket.socket], None]

SECONDS = 10


@dataclass
class Call:
    """A request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class StandIn:
    """Acts in the order given; the last act is repeated."""

    port: int
    acts: list[Act] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    connections: int = 0
    ended: Event = field(default_factory=Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def will(self, *acts: Act) -> None:
        self.acts = list(acts)

    def act(self) -> Act:
        return self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]


def answer(status: int, body: Any, content_type: str = "application/json", **headers: str) -> Act:
    """A whole answer; what is neither text nor bytes is sent as JSON."""
    encoded = (
        body
        if isinstance(body, bytes)
        else body.encode()
        if isinstance(body, str)
        else json.dumps(body).encode()
    )

    def act(connection: socket.socket) -> None:
        connection.sendall(_head(status, content_type, len(encoded), headers) + encoded)

    return act


def answer_and_close(status: int, body: Any) -> Act:
    """A whole answer that promises to stay, and a connection that does not."""

    def act(connection: socket.socket) -> None:
        answer(status, body)(connection)
        hang_up(connection)

    return act


def break_off(status: int, body: bytes, promised: int) -> Act:
    """Less than was promised."""

    def act(connection: socket.socket) -> None:
        connection.sendall(_head(status, "application/json", promised, {}) + body)
        hang_up(connection)

    return act


def hang_up(connection: socket.socket) -> None:
    """No answer, or no more of it."""
    connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def stay_silent(until: Event) -> Act:
    """No answer until the test says so."""

    def act(connection: socket.socket) -> None:
        until.wait(SECONDS)
        hang_up(connection)

    return act


@contextmanager
def standing_in() -> Iterator[StandIn]:
    """A server on a free port for as long as the block lasts."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        stand_in = StandIn(listener.getsockname()[1])
        Thread(target=_accept, args=(listener, stand_in), daemon=True).start()
        yield stand_in
        stand_in.ended.set()
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, stand_in: StandIn) -> None:
    while not stand_in.ended.is_set():
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        stand_in.connections += 1
        Thread(target=_serve, args=(connection, stand_in), daemon=True).start()


def _serve(connection: socket.socket, stand_in: StandIn) -> None:
    with closing(connection), closing(connection.makefile("rb")) as stream:
        try:
            while connection.fileno() >= 0 and (call := _read(stream)):
                stand_in.calls.append(call)
                stand_in.act()(connection)
        except OSError:
            return


def _read(stream: Any) -> Call | None:
    first = stream.readline().decode().split()
    if not first:
        return None
    headers = {}
    while line := stream.readline().decode().strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return Call(first[0], first[1], headers, stream.read(int(headers.get("content-length", 0))))


def _head(status: int, content_type: str, length: int, headers: dict[str, str]) -> bytes:
    lines = {"Content-Type": content_type, "Content-Length": str(length)} | headers
    return "\r\n".join(
        [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in lines.items() if value), "", ""]
    ).encode()
