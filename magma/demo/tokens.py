"""Demo Janus tokens: a key pair, and tokens signed with it for people of your choosing.

`python -m magma.demo.tokens --keys FOLDER`, then `--sign FOLDER --email E --perm "e:labors"`.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

LIFE = timedelta(days=1)


@dataclass(frozen=True)
class KeyPair:
    """Janus's keys as PEM texts."""

    private: str
    public: str

    def save(self, folder: Path) -> None:
        """Write both into a folder; only the owner may read the private one."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "janus.pem").touch(mode=0o600)
        (folder / "janus.pem").write_text(self.private, encoding="ascii")
        (folder / "janus.pub").write_text(self.public, encoding="ascii")


def make_keys() -> KeyPair:
    """A fresh RSA key pair."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return KeyPair(private.decode(), public.decode())


def load_keys(folder: Path) -> KeyPair:
    """The key pair saved in a folder."""
    private = (folder / "janus.pem").read_text(encoding="ascii")
    return KeyPair(private, (folder / "janus.pub").read_text(encoding="ascii"))


def mint(
    private_key: str, *, email: str, perm: str, name: str = "", life: timedelta = LIFE, **claims: Any
) -> str:
    """A token as Janus signs it: `perm` is `A:ipi;e:labors,x`; `claims` adds `flags` or `task`."""
    now = datetime.now(UTC)
    payload = {"email": email, "name": name or email.partition("@")[0], "perm": perm} | claims
    return jwt.encode(payload | {"joined_at": 0, "exp": now + life}, private_key, algorithm="RS256")


def main() -> None:
    """Make keys, or print a token."""
    parser = argparse.ArgumentParser(prog="python -m magma.demo.tokens", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--keys", type=Path, help="make a key pair in this folder")
    what.add_argument("--sign", type=Path, help="print a token signed with the key in this folder")
    parser.add_argument("--email", default="curator@ucsf.edu")
    parser.add_argument("--perm", default="e:labors,dt_lung")
    parser.add_argument("--name", default="")
    parser.add_argument("--hours", type=float, default=24)
    options = parser.parse_args()
    if options.keys:
        make_keys().save(options.keys)
        return
    life, keys = timedelta(hours=options.hours), load_keys(options.sign)
    token = mint(keys.private, email=options.email, perm=options.perm, name=options.name, life=life)
    print(token)  # noqa: T201 - this is the command's answer


if __name__ == "__main__":
    main()
