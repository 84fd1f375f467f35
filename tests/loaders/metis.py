"""A small Metis: answers `find` from what a test puts into its buckets, and gives the heads of files."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from magma.metis import Metis
from magma.tokens import StaticToken

EARLY = datetime(2026, 5, 4, 8, tzinfo=UTC)


@dataclass
class Shelf:
    """What lies in the buckets, and what was asked."""

    url: str = ""
    files: dict[tuple[str, str, str], tuple[bytes, datetime]] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    #: Instead of an answer.
    refusal: tuple[int, bytes] | None = None

    def put(
        self, path: str, content: bytes = b"x", *, bucket: str = "sequence", at: datetime = EARLY
    ) -> None:
        self.files["dt_lung", bucket, path] = (content, at)

    def remove(self, path: str, *, bucket: str = "sequence") -> None:
        del self.files["dt_lung", bucket, path]

    def found(self, project: str, bucket: str, body: dict[str, Any]) -> list[dict[str, Any]]:
        self.asked.append(body)
        since = datetime.fromisoformat(body["params"][0]["value"])
        rows = [
            self.told(path, *one)
            for (p, b, path), one in sorted(self.files.items())
            if (p, b) == (project, bucket) and one[1] >= since
        ]
        return rows[body["offset"] : body["offset"] + body["limit"]]

    def told(self, path: str, content: bytes, at: datetime) -> dict[str, Any]:
        return {
            "file_name": path.rpartition("/")[2],
            "file_path": path,
            "updated_at": at.isoformat(),
            "file_hash": hashlib.md5(content, usedforsecurity=False).hexdigest(),
            "size": len(content),
            "download_url": f"{self.url}/download/{path}",
            "author": "somebody@ucsf.edu|Some Body",
        }


@contextmanager
def small_metis() -> Iterator[Shelf]:
    """Start one, stop it at the end."""
    shelf = Shelf()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            _, project, _find, bucket = self.path.split("/")
            files = [] if shelf.refusal else shelf.found(project, bucket, body)
            status, answer = shelf.refusal or (200, json.dumps({"files": files, "folders": []}).encode())
            self.answer(status, answer)

        def do_GET(self) -> None:
            path = self.path.removeprefix("/download/")
            shelf.read.append(path)
            (content,) = (one for (_, _, name), (one, _) in shelf.files.items() if name == path)
            self.answer(206, content)

        def answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    shelf.url = f"http://127.0.0.1:{server.server_port}"
    yield shelf
    server.shutdown()
    server.server_close()


def client(shelf: Shelf) -> Metis:
    return Metis(url=shelf.url, token=StaticToken("x"))
