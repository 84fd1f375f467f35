"""etna-v1: the five X-Etna headers over a request whose every value is covered."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

#: Servers take at most five minutes; a request that is not answered within two is signed again.
LIFETIME = timedelta(minutes=2)


@dataclass(frozen=True)
class Key:
    """What an analyst signs with; the secret is not shown when it is printed."""

    id: str
    secret: bytes = field(repr=False)


def text_to_sign(
    *, method: str, host: str, path: str, nonce: str, key_id: str, values: Mapping[str, Any], expires: str
) -> str:
    """The seven lines, in the order Etna joins them."""
    return "\n".join((method, host, path, nonce, key_id, compact_json(values), expires))


def compact_json(values: Mapping[str, Any]) -> str:
    """JSON as Ruby writes it: no blanks, letters as they are."""
    return json.dumps(dict(values), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def sign(
    *, method: str, host: str, path: str, values: Mapping[str, Any], key: Key, now: datetime, nonce: str = ""
) -> dict[str, str]:
    """The headers of a request. `values`: its query parameters and body members, all of them, in their order.

    `host` is the server's public name without its port. Each call makes a nonce of its own: a repeated
    request must be signed again.
    """
    nonce = nonce or secrets.token_urlsafe(24)
    expires = (now + LIFETIME).isoformat(timespec="seconds")
    text = text_to_sign(
        method=method, host=host, path=path, nonce=nonce, key_id=key.id, values=values, expires=expires
    )
    return {
        "X-Etna-Signature": hmac.new(key.secret, text.encode(), hashlib.sha256).hexdigest(),
        "X-Etna-Expiration": expires,
        "X-Etna-Nonce": nonce,
        "X-Etna-Id": key.id,
        "X-Etna-Headers": ",".join(values),
    }
