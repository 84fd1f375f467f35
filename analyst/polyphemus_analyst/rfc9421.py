"""rfc9421-v1: HTTP message signatures (RFC 9421) over digests (RFC 9530), in the one profile servers take."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from polyphemus_analyst.calls import Call
from polyphemus_analyst.errors import AnalystError

TAG = "polyphemus-v1"
LABEL = "sig"
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
CONTENT_TYPE = "application/json"


def sign(
    call: Call, *, key_id: str, secret: bytes, nonce: str, created: datetime, expires: datetime
) -> dict[str, str]:
    """The headers of a call: method, authority, path, query, body by its digest, what it is repeated under.

    With a private key of Ed25519 for a secret, as PEM, the server need not know what we sign with.
    """
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
        if call.idempotency_key:
            covered["idempotency-key"] = call.idempotency_key
    names = " ".join(f'"{name}"' for name in covered)
    times = f"created={int(created.timestamp())};expires={int(expires.timestamp())}"
    alg = "ed25519" if is_pair(secret) else "hmac-sha256"
    parameters = f'({names});{times};keyid="{key_id}";alg="{alg}";nonce="{nonce}";tag="{TAG}"'
    lines = [f'"{name}": {value}' for name, value in covered.items()]
    base = "\n".join([*lines, f'"@signature-params": {parameters}'])
    signature = base64.b64encode(_made(secret, base.encode())).decode()
    return shown | {"Signature-Input": f"{LABEL}={parameters}", "Signature": f"{LABEL}=:{signature}:"}


def is_pair(secret: bytes) -> bool:
    """Whether this is the private half of a pair, and no shared secret."""
    return secret.lstrip().startswith(b"-----BEGIN")


def private_key(pem: bytes) -> Ed25519PrivateKey:
    """The key in a PEM file; AnalystError for any other kind."""
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise AnalystError(f"The private key can't be read: {error}.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise AnalystError("The private key must be one of Ed25519: `openssl genpkey -algorithm ed25519`.")
    return key


def _made(secret: bytes, base: bytes) -> bytes:
    if is_pair(secret):
        return private_key(secret).sign(base)
    return hmac.new(secret, base, hashlib.sha256).digest()


def digest_of(body: bytes) -> str:
    """The body's digest as a structured field."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
