"""Who may write to the journal: the siblings named in POLYPHEMUS_ETNA_KEYS."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.conf import settings

from polyphemus_site.api import nonces
from polyphemus_site.api.authentication import SignedAuthentication
from polyphemus_site.api.gates import SeparateGate
from polyphemus_site.api.limits import Limits
from polyphemus_site.api.signing.keys import CLOCK_SKEW, KeyRing

#: Etna's client signs for ten days.
ETNA_LIFE: Final = timedelta(days=10) + CLOCK_SKEW


@dataclass(frozen=True)
class Sibling:
    """Another service of the house."""

    name: str
    is_authenticated: bool = True


def secrets_of(name: str) -> tuple[bytes, ...]:
    """The sibling's keys, newest first: one, or two while it changes them; empty ones count for nothing."""
    value = settings.POLYPHEMUS_ETNA_KEYS.get(name)
    keys = value if isinstance(value, list) else [value]
    return tuple(key.encode() for key in keys if isinstance(key, str) and key)


class SiblingAuthentication(SignedAuthentication):
    """Believes the siblings. Their nonces are kept in PostgreSQL: the journal needs no broker to answer."""

    #: A sibling may tell us as much as it has to tell.
    gate = SeparateGate(nonces.DatabaseNonces(), Limits(counts_successes=False))

    def keys_for(self, key_id: str) -> KeyRing | None:
        """The keys of the sibling of that name."""
        secrets = secrets_of(key_id)
        return (
            KeyRing(key_id=key_id, secrets=secrets, max_life=ETNA_LIFE, principal=Sibling(key_id))
            if secrets
            else None
        )
