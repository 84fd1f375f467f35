"""Tokens as Janus signs them, for tests."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


@cache
def key_pair(name: str = "janus") -> tuple[str, str]:
    """A private and a public PEM; one pair a name and run."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


def public_key() -> str:
    """What POLYPHEMUS_JANUS_PUBLIC_KEY holds in tests."""
    return key_pair()[1]


def token(email: str = "dr.who@ucsf.edu", perm: str = "", *, key: str = "", **claims: Any) -> str:
    """A token of the cast; a claim given as None is left out."""
    full = {"email": email, "name": "The Doctor", "perm": perm, "exp": int(time.time()) + 3600} | claims
    present = {name: value for name, value in full.items() if value is not None}
    return jwt.encode(present, key or key_pair()[0], algorithm="RS256")
