"""The demo's own keys: made once, kept private in its folder."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


@dataclass(frozen=True)
class DemoSecrets:
    """What the demo's services share, as text for their environment; the Janus key pair as PEM files."""

    secret_key: str
    kek: str
    etna_key: str
    janus_private: Path
    janus_public: Path


def write_private(path: Path, content: bytes) -> Path:
    """Write a file only its owner can read."""
    path.touch(mode=0o600)
    path.write_bytes(content)
    return path


def make(folder: Path) -> DemoSecrets:
    """Fresh keys in `folder`."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return DemoSecrets(
        secret_key=secrets.token_urlsafe(50),
        kek=base64.b64encode(secrets.token_bytes(32)).decode(),
        etna_key=secrets.token_hex(32),
        janus_private=write_private(folder / "janus.pem", private),
        janus_public=write_private(folder / "janus.pub.pem", public),
    )
