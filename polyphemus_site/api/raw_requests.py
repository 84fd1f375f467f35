"""Raw HTTP/1.1 bytes as the WSGI environ a careful server (gunicorn) makes of them."""

from __future__ import annotations

import io
import sys
from typing import Any
from urllib.parse import unquote_to_bytes

Environ = dict[str, Any]


class MalformedRequestError(ValueError):
    """No server would hand these bytes on."""


def environ_of(raw: bytes) -> Environ:
    """The environ of one request; headers with an underscore are dropped, repeated ones joined by commas."""
    head, gap, body = raw.partition(b"\r\n\r\n")
    request_line, *header_lines = head.decode("latin-1").split("\r\n")
    parts = request_line.split(" ")
    if not gap or len(parts) != 3 or not parts[2].startswith("HTTP/1."):  # noqa: PLR2004 — method, target, version
        raise MalformedRequestError(f"Not an HTTP/1.1 request: {request_line[:80]!r}.")
    environ = _of_line(method=parts[0], target=parts[1]) | _of_headers(header_lines)
    length = int(environ.get("CONTENT_LENGTH") or 0)
    return environ | {"wsgi.input": io.BytesIO(body[:length])}


def _of_line(*, method: str, target: str) -> Environ:
    path, _, query = target.partition("?")
    return {
        "REQUEST_METHOD": method,
        "RAW_URI": target,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def _of_headers(lines: list[str]) -> Environ:
    found: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise MalformedRequestError(f"Not a header: {line[:80]!r}.")
        if "_" in name:
            continue
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        value = value.strip(" \t")
        found[key] = f"{found[key]},{value}" if key in found else value
    return found
