"""The two schemes, side by side. A key says which one it is for; the caller never chooses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from polyphemus_site.api.signing import etna, rfc9421
from polyphemus_site.api.signing.calls import Call
from polyphemus_site.api.signing.keys import ETNA_V1, RFC9421_V1, KeyRing, Verified

DUMMY_LIFE: Final = timedelta(days=10)


@dataclass(frozen=True)
class Audience:
    """Whom calls must be signed for: us, from the configuration."""

    host: str
    #: The host, with its port unless that is the usual one.
    authority: str
    url_scheme: str = "https"


@dataclass(frozen=True)
class Scheme:
    """How calls of one kind are told and judged; every function is pure and may refuse."""

    name: str
    is_signed: Callable[[Call], bool]
    key_id_of: Callable[[Call], str]
    verify: Callable[[Call, KeyRing, Audience, datetime], Verified]
    #: Stands in for the keys of an unknown id: knowing an id can't be told from the time an answer takes.
    dummy: Callable[[Call], KeyRing]


def _verify_etna(call: Call, ring: KeyRing, audience: Audience, now: datetime) -> Verified:
    return etna.verify(call, ring.secrets, host=audience.host, now=now, max_life=ring.max_life)


def _verify_rfc9421(call: Call, ring: KeyRing, audience: Audience, now: datetime) -> Verified:
    base = f"{audience.url_scheme}://{audience.authority}"
    return rfc9421.verify(call, ring, base_url=base, host=audience.host, now=now)


def _dummy(call: Call) -> KeyRing:
    secret, algorithm = rfc9421.dummy_for(call)
    return KeyRing(key_id="", secrets=(secret,), max_life=DUMMY_LIFE, algorithm=algorithm)


SCHEMES: Final = (
    Scheme(ETNA_V1, etna.is_signed, etna.key_id_of, _verify_etna, _dummy),
    Scheme(RFC9421_V1, rfc9421.is_signed, rfc9421.key_id_of, _verify_rfc9421, _dummy),
)


def carried_by(call: Call) -> list[Scheme]:
    """The schemes of which the call carries any field."""
    return [scheme for scheme in SCHEMES if scheme.is_signed(call)]
