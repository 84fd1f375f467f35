"""Signed calls as bytes, for servers that are really there."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from dispatch.services.keys import NewKey
from polyphemus_site.api.signing import etna
from tests.polyphemus_site.api import rfc9421_profile

KEY = b"a-key-of-magma"
KEK = b"e" * 32
EVENT = {"user": "e@x.org", "event": "update", "message": "slain Ω", "payload": None, "consolidate": None}


def pushed(path: str = "/api/log/labors/write", **signing: Any) -> tuple[str, bytes]:
    """The target and body of a push, signed as Etna's client does."""
    how: dict[str, Any] = {
        "key_id": "magma",
        "key": KEY,
        "nonce": uuid.uuid4().hex,
        "expires": datetime.now(UTC) + timedelta(days=1),
    }
    fields = etna.sign(method="POST", host="127.0.0.1", path=path, signed=EVENT, **(how | signing))
    body = json.dumps(EVENT | {"project_name": "labors"}, ensure_ascii=False).encode()
    return etna.signed_target(path, fields), body


def post(target: str, body: bytes, *lines: str, host: str = "127.0.0.1", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    head = [
        f"POST {target} HTTP/1.1",
        f"Host: {host}",
        "Content-Type: application/json",
        f"Content-Length: {size}",
        "Authorization: Etna ",
        "Connection: close",
        *lines,
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


def get(target: str, headers: dict[str, str]) -> bytes:
    lines = [f"GET {target} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode()


def poll(
    made: NewKey, port: int, target: str = "/api/v1/requests?analysis=exome_pipe", **signing: Any
) -> bytes:
    how: dict[str, Any] = {
        "key": made.secret.encode(),
        "authority": f"127.0.0.1:{port}",
        "key_id": made.key.pk,
        "nonce": uuid.uuid4().hex,
        "created": int(datetime.now(UTC).timestamp()),
    }
    signed = rfc9421_profile.Signing(method="GET", target=target, **(how | signing))
    return get(target, signed.headers())
