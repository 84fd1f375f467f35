"""What this installation vouches for: Ed25519 signatures that anybody can verify without it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.utils.translation import gettext as _

from polyphemus_site.errors import UnavailableError

SEED_BYTES = 32


@dataclass(frozen=True, slots=True)
class Signer:
    """The key of this installation."""

    key: Ed25519PrivateKey

    @property
    def public_key(self) -> str:
        """The 32 bytes of the public half, in base64."""
        raw = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return base64.b64encode(raw).decode()

    @property
    def public_pem(self) -> str:
        """The same as PEM, as openssl reads it."""
        return self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, record: dict[str, Any]) -> str:
        """The signature over the record's canonical bytes, in base64."""
        return base64.b64encode(self.sign_bytes(canonical(record))).decode()

    def sign_bytes(self, content: bytes) -> bytes:
        """The signature over the bytes as they are."""
        return self.key.sign(content)


def signer_from(kek: bytes) -> Signer:
    """The signer whose key is drawn from the key-encrypting key: one secret to keep, the same every time.

    UnavailableError: there is no such key.
    """
    if not kek:
        raise UnavailableError(_("Nothing can be signed: POLYPHEMUS_KEK is not set."), code="no_record_key")
    seed = HKDF(SHA256(), SEED_BYTES, salt=None, info=b"polyphemus completion records").derive(kek)
    return Signer(Ed25519PrivateKey.from_private_bytes(seed))


def canonical(record: dict[str, Any]) -> bytes:
    """The bytes that are signed: JSON with sorted keys and no blanks, in UTF-8."""
    return json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
