"""Janus: whether its key reads, signed what we hold, and whether it answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import httpx
import jwt
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.conf import settings

from polyphemus_site.health import Finding
from polyphemus_site.janus.tokens import ALGORITHMS

SECONDS = 5.0
SERVER_ERROR = 500


def examine(now: datetime) -> Iterator[Finding]:
    """The key and the address."""
    del now
    yield _key()
    yield _address()


def _key() -> Finding:
    pem = settings.POLYPHEMUS_JANUS_PUBLIC_KEY
    if not pem:
        return Finding.fail(
            "janus key", "There is none, so nobody can sign in.", "Set POLYPHEMUS_JANUS_PUBLIC_KEY_FILE."
        )
    try:
        load_pem_public_key(pem.encode())
    except ValueError:
        return Finding.fail("janus key", "It isn't a PEM public key.", "Copy Janus's rsa_public as it is.")
    if not _signed_by(pem, settings.POLYPHEMUS_MAGMA_TOKEN):
        return Finding.warn(
            "janus key",
            "It reads, and did not sign our Magma token.",
            "See whether the key and the token come from the same Janus.",
        )
    return Finding.ok("janus key", "It reads.")


def _signed_by(pem: str, token: str) -> bool:
    """Whether a token we hold was signed with the key; true when we hold none."""
    if not token:
        return True
    try:
        jwt.decode(token, pem, algorithms=ALGORITHMS, options={"verify_exp": False, "verify_aud": False})
    except jwt.PyJWTError:
        return False
    return True


def _address() -> Finding:
    url = settings.POLYPHEMUS_JANUS_URL
    if not url:
        return Finding.warn(
            "janus", "No address: no login page, no live roles, no task tokens.", "Set POLYPHEMUS_JANUS_URL."
        )
    try:
        answer = httpx.get(url, timeout=SECONDS)
    except httpx.HTTPError as error:
        return Finding.fail(
            "janus", f"It can't be reached ({type(error).__name__}).", "Correct POLYPHEMUS_JANUS_URL."
        )
    if answer.status_code >= SERVER_ERROR:
        return Finding.fail("janus", f"It answers {answer.status_code}.", "Look at Janus's log.")
    return Finding.ok("janus", "It answers.")
