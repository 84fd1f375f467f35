"""Secrets at rest: AES-256-GCM under a key that is not in the database."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class SealBrokenError(Exception):
    """The sealed secret was changed, moved to another row, or sealed with a key that is not here."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What is stored: the ciphertext, its nonce, and which key sealed it (the start of that key's digest)."""

    ciphertext: bytes
    nonce: bytes
    kek_version: str


@lru_cache(maxsize=4)
def version_of(kek: bytes) -> str:
    """The name of a key-encrypting key: tells keys apart without telling them."""
    return hashlib.sha256(b"polyphemus kek " + kek).hexdigest()[:16]


def seal(secret: bytes, *, kek: bytes, bound_to: str) -> Sealed:
    """Encrypt; `bound_to` names the row, so that a ciphertext moved to another row does not open."""
    version = version_of(kek)
    nonce = secrets.token_bytes(NONCE_BYTES)
    return Sealed(AESGCM(kek).encrypt(nonce, secret, f"{bound_to}|{version}".encode()), nonce, version)


def unseal(sealed: Sealed, *, keks: Sequence[bytes], bound_to: str) -> bytes:
    """Decrypt with whichever of the keys sealed it."""
    for kek in keks:
        if version_of(kek) == sealed.kek_version:
            return _open(sealed, kek=kek, bound_to=bound_to)
    raise SealBrokenError(f"No key-encrypting key of version {sealed.kek_version} is configured.")


@lru_cache(maxsize=4)
def _cipher(kek: bytes) -> AESGCM:
    return AESGCM(kek)


def _open(sealed: Sealed, *, kek: bytes, bound_to: str) -> bytes:
    try:
        return _cipher(kek).decrypt(
            sealed.nonce, sealed.ciphertext, f"{bound_to}|{sealed.kek_version}".encode()
        )
    except InvalidTag as error:
        raise SealBrokenError(f"The secret of {bound_to} does not open.") from error
