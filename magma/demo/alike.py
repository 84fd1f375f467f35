"""Compares an answer with a recorded one, up to what can't be equal: instants, signatures, row numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx

#: Instants of the recording's own year are when something happened; earlier ones are data.
INSTANT = re.compile(r"2026-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")
DIGEST = re.compile(r"[0-9a-f]{32}")
SIGNED = re.compile(r"(https://[^?]+)\?X-Etna-Signature=.+")


def plain(value: Any) -> Any:
    """A value; of a text, only what doesn't differ from call to call."""
    if not isinstance(value, str):
        return value
    for pattern, name in ((INSTANT, "<instant>"), (DIGEST, "<md5>")):
        if pattern.fullmatch(value):
            return name
    return SIGNED.sub(r"\1", value)


def media(headers: Any) -> str:
    """The media type, without parameters."""
    return str(headers.get("Content-Type", "")).partition(";")[0]


def differences(request: dict[str, Any], recorded: dict[str, Any], answer: httpx.Response) -> list[str]:
    """What is different, in words; empty when the two are alike."""
    if answer.status_code != recorded["status"]:
        return [f"status {answer.status_code}, not {recorded['status']}: {answer.text[:120]}"]
    if media(answer.headers) != media(recorded.get("headers", {})):
        return [f"media type {media(answer.headers)!r}, not {media(recorded['headers'])!r}"]
    body = recorded["body"]
    if body == "<update answer>":
        return []
    if media(answer.headers) != "application/json":
        # Of a stack trace only the first line can be the same.
        same = answer.text == body or (answer.is_server_error and first_line(answer.text) == first_line(body))
        return [] if same else [f"text {answer.text[:120]!r}"]
    if request["method"] == "OPTIONS":
        return [f"route {route} is not Magma's" for route in answer.json() if route not in body]
    return list(unlike(body, answer.json(), "", fresh_rows=request["path"] == "/update"))


def first_line(text: str) -> str:
    """The first line of a text."""
    return text.partition("\n")[0]


def unlike(recorded: Any, found: Any, where: str, *, fresh_rows: bool = False) -> Iterator[str]:
    """Every place where two JSON values differ."""
    pairs: list[tuple[str, Any, Any]] = []
    if isinstance(recorded, dict) and isinstance(found, dict):
        yield from (f"{where}/{key} is missing" for key in recorded.keys() - found.keys())
        yield from (f"{where}/{key} is too much" for key in found.keys() - recorded.keys())
        pairs = [(key, recorded[key], found[key]) for key in recorded.keys() & found.keys()]
    elif isinstance(recorded, list) and isinstance(found, list) and len(recorded) == len(found):
        is_rows = fresh_rows and all(isinstance(one, int) for one in [*recorded, *found])
        pairs = (
            [] if is_rows else [(str(at), *pair) for at, pair in enumerate(zip(recorded, found, strict=True))]
        )
    elif type(recorded) is not type(found) or plain(recorded) != plain(found):
        yield f"{where} is {str(found)[:80]!r}, not {str(recorded)[:80]!r}"
    for key, one, other in pairs:
        yield from unlike(one, other, f"{where}/{key}", fresh_rows=fresh_rows)
