"""Recorded exchanges as files hold them: one object, or a list of them that is a scenario."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec


class RecordedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What was sent. `body` is JSON as it was read, or text where it was no JSON."""

    method: str
    path: str
    headers: dict[str, str] = {}
    body: Any = None

    def header(self, name: str) -> str:
        """By name, in whatever case; empty when it was not sent."""
        return _header(self.headers, name)


class RecordedResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What came back."""

    status: int
    headers: dict[str, str] = {}
    body: Any = None

    @property
    def content_type(self) -> str:
        """As the header has it."""
        return _header(self.headers, "Content-Type")

    def encoded(self) -> bytes:
        """The bytes that came over the wire: a string may be JSON, or text; its length tells which."""
        if self.body is None:
            return b""
        as_json = json.dumps(self.body, separators=(",", ":"), ensure_ascii=False).encode()
        if not isinstance(self.body, str):
            return as_json
        as_text = self.body.encode()
        length = _header(self.headers, "Content-Length")
        is_json = "json" in self.content_type and length != str(len(as_text))
        return as_json if is_json else as_text


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded exchange."""

    request: RecordedRequest
    response: RecordedResponse
    note: str = ""


def load(path: Path) -> Iterator[tuple[str, Exchange]]:
    """The exchanges of one file, each under its name; ValueError when the file holds none."""
    try:
        recorded = msgspec.json.decode(path.read_bytes(), type=Exchange | list[Exchange])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"not a recording: {error}") from error
    if isinstance(recorded, Exchange):
        yield path.stem, recorded
        return
    for step, exchange in enumerate(recorded, start=1):
        yield f"{path.stem} {step}/{len(recorded)}", exchange


def _header(headers: dict[str, str], name: str) -> str:
    return next((value for key, value in headers.items() if key.lower() == name.lower()), "")
