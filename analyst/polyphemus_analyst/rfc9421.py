"""rfc9421-v1: HTTP message signatures (RFC 9421) over digests (RFC 9530), in the one profile servers take."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime

from polyphemus_analyst.calls import Call

TAG = "polyphemus-v1"
LABEL = "sig"
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
CONTENT_TYPE = "application/json"


def sign(
    call: Call, *, key_id: str, secret: bytes, nonce: str, created: datetime, expires: datetime
) -> dict[str, str]:
    """The headers of a call: method, authority, path, query, and the body by its digest."""
    covered = {
        "@method": call.method,
        "@authority": call.authority.lower(),
        "@path": call.path,
        "@query": f"?{call.query}",
    }
    shown = {}
    if call.method in WITH_BODY:
        shown["Content-Digest"] = covered["content-digest"] = digest_of(call.body)
        covered["content-type"] = CONTENT_TYPE
    names = " ".join(f'"{name}"' for name in covered)
    times = f"created={int(created.timestamp())};expires={int(expires.timestamp())}"
    parameters = f'({names});{times};keyid="{key_id}";alg="hmac-sha256";nonce="{nonce}";tag="{TAG}"'
    lines = [f'"{name}": {value}' for name, value in covered.items()]
    base = "\n".join([*lines, f'"@signature-params": {parameters}'])
    signature = base64.b64encode(hmac.new(secret, base.encode(), hashlib.sha256).digest()).decode()
    return shown | {"Signature-Input": f"{LABEL}={parameters}", "Signature": f"{LABEL}=:{signature}:"}


def digest_of(body: bytes) -> str:
    """The body's digest as a structured field."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
