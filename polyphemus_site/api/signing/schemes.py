"""The two schemes, side by side. A key says which one it is for; the caller never chooses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from polyphemus_site.api.signing import etna
from polyphemus_site.api.signing.calls import Call
from polyphemus_site.api.signing.keys import ETNA_V1, KeyRing, Verified


@dataclass(frozen=True)
class Audience:
    """Whom calls must be signed for: us, from the configuration."""

    host: str
    #: The host, with its port unless that is the scheme's own.
    authority: str


@dataclass(frozen=True)
class Scheme:
    """How calls of one kind are told and judged; every function is pure and may refuse."""

    name: str
    is_signed: Callable[[Call], bool]
    key_id_of: Callable[[Call], str]
    verify: Callable[[Call, KeyRing, Audience, datetime], Verified]


def _verify_etna(call: Call, ring: KeyRing, audience: Audience, now: datetime) -> Verified:
    return etna.verify(call, ring.secrets, host=audience.host, now=now, max_life=ring.max_life)


SCHEMES: Final = (Scheme(ETNA_V1, etna.is_signed, etna.key_id_of, _verify_etna),)


def carried_by(call: Call) -> list[Scheme]:
    """The schemes of which the call carries any field."""
    return [scheme for scheme in SCHEMES if scheme.is_signed(call)]
