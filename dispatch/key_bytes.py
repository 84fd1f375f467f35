"""What keys are made of: secrets of ours, and public halves of pairs that analysts made."""

from __future__ import annotations

import base64
import secrets
import zlib

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.utils.translation import gettext as _

from polyphemus_site.errors import InvalidInputError

SECRET_BYTES = 32


def new_secret() -> str:
    """`psk_`, 32 random bytes, and a checksum by which scanners tell a secret of ours from chance."""
    random = base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode().rstrip("=").lower()
    return f"psk_{random}{checksum_of(random)}"


def checksum_of(random: str) -> str:
    """The last seven letters of a secret: the CRC-32 of what stands between them and `psk_`, in base32."""
    return base64.b32encode(zlib.crc32(random.encode()).to_bytes(4, "big")).decode().rstrip("=").lower()


def public_half(text: str) -> bytes:
    """The 32 bytes of an Ed25519 public key, from PEM as openssl writes it, or from base64."""
    try:
        if text.lstrip().startswith("-----BEGIN"):
            key = load_pem_public_key(text.encode())
        else:
            key = Ed25519PublicKey.from_public_bytes(base64.b64decode(text.strip(), validate=True))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _no_public_key() from error
    if not isinstance(key, Ed25519PublicKey):
        raise _no_public_key()
    return key.public_bytes_raw()


def _no_public_key() -> InvalidInputError:
    return InvalidInputError(
        _(
            "That is no Ed25519 public key: give PEM, as `openssl pkey -pubout` prints, or 32 bytes "
            "in base64."
        ),
        code="invalid_public_key",
    )
