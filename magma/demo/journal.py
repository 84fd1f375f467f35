"""Pushes what was updated to the journal, as a real Magma does.

A real Magma pushes before it answers its user and may keep them waiting for minutes; here a thread of its own
pushes after the answer. In both, a push is best-effort: one that fails is noted in the log and lost.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from magma.demo.signing import Signer

log = logging.getLogger(__name__)

TIMEOUT = 10
EMPTY_TOKEN = {"Authorization": "Etna "}


@dataclass(frozen=True)
class Entry:
    """One successful update, as the journal is told of it."""

    project: str
    user: str
    answer: dict[str, Any]

    def values(self) -> dict[str, Any]:
        """The signed values, in Magma's order."""
        counts = (f"{name} ({len(model['documents'])})" for name, model in self.answer["models"].items())
        return {
            "user": self.user,
            "event": "update",
            "message": f"made updates to models: {', '.join(counts)}",
            "payload": json.dumps(self.answer, ensure_ascii=False, separators=(",", ":")),
            "consolidate": None,
            "application": None,
        }


class PushRefusedError(Exception):
    """The journal answered with something other than success."""


class Journal:
    """The journal's address, and the thread that writes to it."""

    def __init__(self, url: str, signer: Signer, clock: Callable[[], datetime]) -> None:
        """Nothing is sent before `write`."""
        self.url = url.rstrip("/")
        self.signer = signer
        self.clock = clock
        self.route: str | None = None
        self.waiting: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self.thread = threading.Thread(target=self.run, name="journal", daemon=True)
        self.thread.start()

    def write(self, entry: Entry) -> None:
        """Have it pushed soon."""
        self.waiting.put(entry)

    def close(self) -> None:
        """Push what waits, then stop."""
        self.waiting.put(None)
        self.thread.join(timeout=TIMEOUT)

    def run(self) -> None:
        """Push one after another until closed."""
        while (entry := self.waiting.get()) is not None:
            try:
                self.push(entry)
            except (OSError, HTTPException, PushRefusedError) as error:
                log.warning("A push to the journal was lost: %r", error)
            except (LookupError, TypeError, ValueError) as error:
                log.warning("A push to the journal was lost, its list of routes can't be read: %r", error)

    def push(self, entry: Entry) -> None:
        """Sign and send one entry; the route is asked for once."""
        self.route = self.route or self.log_write()
        url = self.url + self.route.replace(":project_name", entry.project)
        values = entry.values()
        body = json.dumps({"project_name": entry.project} | values, ensure_ascii=False).encode()
        self.call("POST", self.signer.signed_url("POST", url, values, now=self.clock()), body)

    def log_write(self) -> str:
        """The path of the route named log_write, from the receiver's own list."""
        routes = json.loads(self.call("OPTIONS", f"{self.url}/"))
        return next(str(route["route"]) for route in routes if route["name"] == "log_write")

    def call(self, method: str, url: str, body: bytes = b"") -> bytes:
        """One request. Not through httpx, which won't send the bare `Etna ` a real Magma sends."""
        address = urlsplit(url)
        kind = HTTPSConnection if address.scheme == "https" else HTTPConnection
        with closing(kind(address.netloc, timeout=TIMEOUT)) as connection:
            target = address._replace(scheme="", netloc="").geturl()
            connection.request(method, target, body, {"Content-Type": "application/json"} | EMPTY_TOKEN)
            answer = connection.getresponse()
            text = answer.read()
        if answer.status != HTTPStatus.OK:
            raise PushRefusedError(f"{answer.status} {text[:200]!r}")
        return text
