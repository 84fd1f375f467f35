"""Signing a request: the server knows which scheme each key has."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from polyphemus_analyst import etna, rfc9421
from polyphemus_analyst.calls import Call
from polyphemus_analyst.errors import AnalystError

#: Servers take at most five minutes; a request that is not answered within two is signed again.
LIFETIME = timedelta(minutes=2)
ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
SCHEMES = {"etna-v1": etna.sign, "rfc9421-v1": rfc9421.sign}


@dataclass(frozen=True)
class Key:
    """What an analyst signs with; the secret is not shown when it is printed."""

    id: str
    secret: bytes = field(repr=False)
    scheme: str = "etna-v1"

    def __post_init__(self) -> None:
        """What is misspelt, or another kind of key, would only look like a wrong secret to the server."""
        if not ID.fullmatch(self.id):
            raise AnalystError(f"The id of a key looks like pk_abc234, not like {self.id!r}.")
        if self.scheme not in SCHEMES:
            raise AnalystError(f"The scheme of a key is {' or '.join(SCHEMES)}, not {self.scheme!r}.")
        if rfc9421.is_pair(self.secret):
            rfc9421.private_key(self.secret)
            if self.scheme != "rfc9421-v1":
                raise AnalystError("A private key signs by rfc9421-v1 only: set --scheme.")


def sign(call: Call, key: Key, *, now: datetime) -> dict[str, str]:
    """The headers that prove the call to be ours.

    Each has a nonce of its own: what is repeated must be signed again.
    """
    return SCHEMES[key.scheme](
        call,
        key_id=key.id,
        secret=key.secret,
        nonce=secrets.token_urlsafe(24),
        created=now,
        expires=now + LIFETIME,
    )
