"""The profile of rfc9421-v1 in few lines, from the RFC and independent of the library: the cross-check."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

BARE = ("@method", "@authority", "@path", "@query")
FULL = (*BARE, "content-digest", "content-type")
INPUT = re.compile(
    r'sig=(?P<params>\((?P<names>[^()]*)\);created=\d+;expires=\d+;nonce="[\w-]+";keyid="\w+"'
    r';alg="[\w-]+";tag="[\w-]+")'
)


@dataclass(frozen=True)
class Signing:
    """A call to be signed, and under which parameters."""

    key: bytes | Ed25519PrivateKey
    authority: str
    method: str = "POST"
    target: str = "/api/v1/bids"
    body: bytes = b""
    key_id: str = "pk_abc"
    nonce: str = "n" * 22
    created: int = 0
    life: int = 300
    names: tuple[str, ...] | None = None
    alg: str = "hmac-sha256"
    tag: str = "polyphemus-v1"

    @property
    def content_headers(self) -> dict[str, str]:
        if self.method not in ("POST", "PUT", "PATCH"):
            return {}
        return {"content-type": "application/json", "content-digest": digest(self.body)}

    @property
    def params(self) -> str:
        names = self.names if self.names is not None else (FULL if self.content_headers else BARE)
        listed = " ".join(f'"{name}"' for name in names)
        times = f"created={self.created};expires={self.created + self.life}"
        return (
            f'({listed});{times};nonce="{self.nonce}";keyid="{self.key_id}";alg="{self.alg}";tag="{self.tag}"'
        )

    def headers(self, content_headers: dict[str, str] | None = None) -> dict[str, str]:
        """What a client sends beside the body."""
        content = content_headers or self.content_headers
        names = re.findall(r'"([^"]*)"', self.params.partition(")")[0])
        text = base(self.method, self.authority, self.target, content, names, self.params)
        key = self.key
        made = hmac.digest(key, text, "sha256") if isinstance(key, bytes) else key.sign(text)
        return content | {"signature-input": f"sig={self.params}", "signature": f"sig={encoded(made)}"}


def encoded(raw: bytes) -> str:
    return f":{base64.b64encode(raw).decode()}:"


def digest(body: bytes) -> str:
    return f"sha-256={encoded(hashlib.sha256(body).digest())}"


def base(
    method: str, authority: str, target: str, headers: Mapping[str, str], names: list[str], params: str
) -> bytes:
    path, _, query = target.partition("?")
    values = {"@method": method, "@authority": authority, "@path": path, "@query": f"?{query}"} | dict(
        headers
    )
    lines = [f'"{name}": {values.get(name, "")}' for name in names]
    return "\n".join([*lines, f'"@signature-params": {params}']).encode()


def verifies(
    key: bytes | Ed25519PublicKey,
    *,
    method: str,
    authority: str,
    target: str,
    body: bytes,
    headers: Mapping[str, str],
) -> bool:
    """Whether digest and signature are right; times, nonces and policy are not judged here."""
    given = INPUT.fullmatch(headers["signature-input"])
    names = [name.strip('"') for name in given["names"].split(" ")] if given else []
    if not given or not set(names) <= set(FULL) or (body and headers.get("content-digest") != digest(body)):
        return False
    text = base(method, authority, target, headers, names, given["params"])
    if isinstance(key, bytes):
        return hmac.compare_digest(f"sig={encoded(hmac.digest(key, text, 'sha256'))}", headers["signature"])
    try:
        key.verify(base64.b64decode(headers["signature"][5:-1], validate=True), text)
    except (InvalidSignature, ValueError):
        return False
    return True
