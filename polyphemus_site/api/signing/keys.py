"""The keys a call may be signed with, and what verifying found."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

ETNA_V1 = "etna-v1"
RFC9421_V1 = "rfc9421-v1"
HMAC_SHA256 = "hmac-sha256"
ED25519 = "ed25519"

#: How far two honest clocks may stand apart.
CLOCK_SKEW = timedelta(seconds=60)
#: So long before its end the user of a key is told of it, though nothing has replaced it yet.
FOREWARNING = timedelta(days=14)


@lru_cache(maxsize=256)
def fingerprint_of(secret: bytes) -> str:
    """Enough of a key's digest to tell it from others, and too little to guess it by."""
    return hashlib.sha256(b"polyphemus key\0" + secret).hexdigest()[:16]


@dataclass(frozen=True)
class KeyRing:
    """What is known of a key id.

    `secrets` are the raw bytes of each live secret (for ed25519: each public key), newest first. `max_life`
    is how far ahead a signature may expire. `principal` becomes `request.user`. A key that is `revoked`, not
    yet valid or past its end is verified like any other and refused afterwards, so that it takes as long.
    """

    key_id: str
    secrets: tuple[bytes, ...] = field(repr=False)
    max_life: timedelta
    principal: Any = None
    scheme: str = ETNA_V1
    algorithm: str = HMAC_SHA256
    not_before: datetime | None = None
    not_after: datetime | None = None
    revoked: bool = False
    #: Whether nobody has let it in yet.
    pending: bool = False
    #: Networks that calls with it may come from; empty: any.
    networks: tuple[str, ...] = ()
    #: Projects whose share of calls it takes from, too.
    projects: tuple[str, ...] = ()
    #: Whether it has a successor: it is believed until its end, for programs that still have to change.
    retiring: bool = False
    #: Why nothing can be verified with it, for the audit; such a key is treated as if nobody had it.
    fault: str = ""

    def standing(self, now: datetime) -> str:
        """Empty for a live key, else the reason it is not."""
        if self.revoked:
            return "key revoked"
        if self.pending:
            return "key pending"
        if self.not_before and now < self.not_before:
            return "key not yet valid"
        if self.not_after and now > self.not_after:
            return "key past its end"
        return ""

    def end_to_tell(self, now: datetime) -> datetime | None:
        """The end of a key that was replaced, or that ends before long; None if there is nothing to tell."""
        if self.not_after and (self.retiring or self.not_after - now <= FOREWARNING):
            return self.not_after
        return None


@dataclass(frozen=True)
class Verified:
    """What a valid signature vouches for; becomes `request.auth`."""

    key_id: str
    scheme: str
    nonce: str = field(repr=False)
    #: Of the key that matched.
    fingerprint: str
    #: When it was verified.
    at: datetime
    #: The last instant at which the same bytes would be believed again.
    expires: datetime
    #: The first instant at which they could have been.
    earliest: datetime
    #: Etna's signed values by name; empty for the other scheme, which signs the whole body.
    signed: dict[str, Any] = field(default_factory=dict, repr=False)
    #: Those of them that came as fields of their own, and are neither in the body nor in the query by name.
    apart: dict[str, str] = field(default_factory=dict, repr=False)
    #: The body, where verifying had to read it: nobody need read it again.
    document: dict[str, Any] | None = field(default=None, repr=False)
