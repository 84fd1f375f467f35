"""A driver of load: prepared requests over connections that stay open, from one thread, at little cost."""

from __future__ import annotations

import re
import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

#: Of one connection, in order: status and body.
Answers = list[tuple[int, bytes]]
LENGTH = re.compile(rb"(?i)content-length: *(\d+)")
PATIENCE = 60.0
MOST_TRIES = 50


@dataclass
class Line:
    """One connection that works its requests off, one after another."""

    port: int
    requests: Sequence[Callable[[], bytes]]
    answers: Answers = field(default_factory=list)
    received: bytes = b""
    tries: int = 0
    wire: socket.socket | None = None

    def ask(self) -> None:
        """Send the next request; a connection that was lost is made anew."""
        if self.wire is None:
            self.wire = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
            self.wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.wire.sendall(self.requests[len(self.answers)]())

    def hear(self) -> bool:
        """Read what is there; whether the answer is whole."""
        if self.wire is None:
            raise ConnectionError("There is no connection.")
        more = self.wire.recv(65536)
        if not more:
            raise ConnectionError("The server hung up.")
        self.received += more
        head, gap, body = self.received.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not gap or len(body) < int(length[1] if length else 0):
            return False
        self.answers.append((int(head.split(b" ", 2)[1]), body))
        self.received, self.tries = b"", 0
        return True

    def close(self) -> None:
        """Hang up."""
        if self.wire is not None:
            self.wire.close()
        self.wire, self.received = None, b""

    def drop(self) -> None:
        """Give the connection up, and try again with the same request."""
        self.close()
        self.tries += 1
        if self.tries > MOST_TRIES:
            raise ConnectionError("The server did not come back.")
        time.sleep(0.02 * self.tries)


def drive(port: int, queues: Iterable[Sequence[Callable[[], bytes]]]) -> tuple[float, list[Answers]]:
    """Send each queue over a connection of its own, all at once; seconds, and the answers in order.

    A request is made when it is sent, and again when its connection broke: it then carries a new signature.
    """
    lines = [Line(port, queue) for queue in queues if queue]
    start = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for line in lines:
            _go_on(selector, line)
        while selector.get_map():
            for key, _ in selector.select(PATIENCE):
                _attend(selector, key.data)
    return time.perf_counter() - start, [line.answers for line in lines]


def _attend(selector: selectors.BaseSelector, line: Line) -> None:
    try:
        if not line.hear():
            return
    except OSError:
        _leave(selector, line)
        line.drop()
        _go_on(selector, line)
        return
    if len(line.answers) == len(line.requests):
        _leave(selector, line)
        line.close()
    else:
        line.ask()


def _leave(selector: selectors.BaseSelector, line: Line) -> None:
    if line.wire is not None:
        selector.unregister(line.wire)


def _go_on(selector: selectors.BaseSelector, line: Line) -> None:
    while True:
        try:
            line.ask()
        except OSError:
            line.drop()
        else:
            break
    if line.wire is not None:
        selector.register(line.wire, selectors.EVENT_READ, line)


def request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """The bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def statuses(answers: list[Answers]) -> Counter[int]:
    """How often each status came."""
    return Counter(status for line in answers for status, _ in line)


def dealt(requests: Sequence[Any], hands: int) -> Iterator[Sequence[Any]]:
    """The requests in as many parts, one for each connection."""
    return (requests[hand::hands] for hand in range(hands))
