"""etna-v1: the five X-Etna headers over a request whose every value is covered."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from polyphemus_analyst.calls import Call, compact_json


def text_to_sign(
    *, method: str, host: str, path: str, nonce: str, key_id: str, values: Mapping[str, Any], expires: str
) -> str:
    """The seven lines, in the order Etna joins them."""
    return "\n".join((method, host, path, nonce, key_id, compact_json(values), expires))


def sign(
    call: Call,
    *,
    key_id: str,
    secret: bytes,
    nonce: str,
    created: datetime,  # noqa: ARG001 — the other scheme tells it
    expires: datetime,
) -> dict[str, str]:
    """The headers of a call; all its values are signed."""
    expiration = expires.isoformat(timespec="seconds")
    text = text_to_sign(
        method=call.method,
        host=call.host,
        path=call.path,
        nonce=nonce,
        key_id=key_id,
        values=call.values,
        expires=expiration,
    )
    return {
        "X-Etna-Signature": hmac.new(secret, text.encode(), hashlib.sha256).hexdigest(),
        "X-Etna-Expiration": expiration,
        "X-Etna-Nonce": nonce,
        "X-Etna-Id": key_id,
        "X-Etna-Headers": ",".join(call.values),
    }
