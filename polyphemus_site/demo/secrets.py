"""The demo's own keys: made for one run, kept private in its folder."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from pathlib import Path

from magma.demo import tokens


@dataclass(frozen=True)
class DemoSecrets:
    """What the demo's services share; the Janus key pair also lies in `folder`, as PEM files."""

    folder: Path
    secret_key: str
    kek: str
    etna_key: str
    janus: tokens.KeyPair


def make(folder: Path) -> DemoSecrets:
    """Fresh keys."""
    janus = tokens.make_keys()
    janus.save(folder)
    return DemoSecrets(
        folder=folder,
        secret_key=secrets.token_urlsafe(50),
        kek=base64.b64encode(secrets.token_bytes(32)).decode(),
        etna_key=secrets.token_hex(32),
        janus=janus,
    )


def write_private(path: Path, content: str) -> Path:
    """Write a file only its owner can read."""
    path.touch(mode=0o600)
    path.write_text(content, encoding="utf-8")
    return path
