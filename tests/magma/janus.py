"""A small Janus: real HTTP, real signatures; it knows one account and its public key."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from uuid import uuid4

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from magma.demo.tokens import KeyPair, make_keys, mint

EMAIL = "polyphemus@ucsf.edu"


@dataclass
class SmallJanus:
    """Gives tokens of a chosen life to the one account."""

    keys: KeyPair
    account: KeyPair
    life: timedelta = timedelta(days=1)
    perm: str = "V:labors,dt_lung"
    is_away: bool = False
    url: str = ""
    nonces: set[str] = field(default_factory=set)
    bodies: list[Any] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def nonce(self) -> str:
        nonce = uuid4().hex
        self.nonces.add(nonce)
        return nonce

    def generate(self, authorization: str, body: Any) -> str | None:
        """A token for a good signature of a nonce of ours; each nonce is good once."""
        scheme, _, signed = authorization.partition(" ")
        text, _, signature = signed.rpartition(".")
        nonce, _, email = text.partition(".")
        with self.lock:
            is_known = nonce in self.nonces
            self.nonces.discard(nonce)
        if scheme != "Signed-Nonce" or not is_known or base64.b64decode(email).decode() != EMAIL:
            return None
        if not self._is_signed(text, signature):
            return None
        self.bodies.append(body)
        serial = len(self.bodies)
        return mint(self.keys.private, email=EMAIL, perm=self.perm, life=self.life, serial=serial)

    def _is_signed(self, text: str, signature: str) -> bool:
        key = load_pem_public_key(self.account.public.encode())
        assert isinstance(key, RSAPublicKey)
        try:
            key.verify(base64.b64decode(signature), text.encode(), PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True


class _Answering(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self._answer("/api/tokens/nonce", self.server.janus.nonce)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        authorization = self.headers.get("Authorization", "")
        self._answer("/api/tokens/generate", lambda: self.server.janus.generate(authorization, body))

    def _answer(self, path: str, give: Any) -> None:
        text = None if self.server.janus.is_away or self.path != path else give()
        refused = 503 if self.server.janus.is_away else 401
        self.send_response(200 if text else refused)
        self.end_headers()
        self.wfile.write((text or "You are unauthorized").encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    janus: SmallJanus


@contextmanager
def small_janus(keys: KeyPair) -> Iterator[SmallJanus]:
    """A Janus whose tokens are signed with these keys."""
    server = _Server(("127.0.0.1", 0), _Answering)
    server.janus = SmallJanus(keys, make_keys(), url=f"http://127.0.0.1:{server.server_port}")
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server.janus
    server.shutdown()
    server.server_close()
