"""How the API knows analysts: by calls signed with their keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import connection

from dispatch.scopes import Scope, Scopes
from dispatch.sealing import Sealed
from dispatch.services import keys
from dispatch.states import KeyState
from polyphemus_site.api.authentication import SignedAuthentication
from polyphemus_site.api.signing.keys import KeyRing

#: An analyst's signature is made for one call, just before it is sent.
MAX_LIFE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Analyst:
    """Who signed: becomes `request.user`."""

    email: str
    key_id: str
    scopes: Scopes

    is_authenticated: ClassVar[bool] = True

    def __str__(self) -> str:
        """The address: it is what we know people by."""
        return self.email

    @property
    def pk(self) -> str:
        """What throttles and logs know a caller by."""
        return self.key_id


#: One statement for the key, what it may do, and the time: an analyst's poll costs two statements in all.
#: An unknown id costs the same one.
FIND = """
SELECT k.analyst, k.scheme, k.algorithm, k.ciphertext, k.nonce, k.kek_version, k.state, k.not_before,
       k.expires_at, statement_timestamp(),
       ARRAY(SELECT ARRAY[s.project, s.analysis, s.verb] FROM dispatch_keyscope AS s WHERE s.key_id = k.id)
  FROM (VALUES (1)) AS always LEFT JOIN dispatch_apikey AS k ON k.id = %s
"""


class AnalystAuthentication(SignedAuthentication):
    """`request.user` becomes an `Analyst`."""

    def keys_at(self, key_id: str) -> tuple[KeyRing | None, datetime]:
        """The key of this id, whatever its state, and the database's time, in one statement."""
        with connection.cursor() as cursor:
            cursor.execute(FIND, [key_id])
            row = cursor.fetchone()
        *columns, at, lines = row
        if columns[0] is None:
            return None, at
        return _ring(key_id, columns, Scopes(tuple(Scope(*line) for line in lines))), at


def _ring(key_id: str, columns: Sequence[Any], scopes: Scopes) -> KeyRing:
    """The key as signatures are verified with it; its secret is opened for this one call."""
    analyst, scheme, algorithm, ciphertext, nonce, version, state, not_before, expires_at = columns
    sealed = Sealed(bytes(ciphertext), bytes(nonce), version)
    return KeyRing(
        key_id=key_id,
        secrets=(keys.opened(sealed, key_id=key_id, scheme=scheme, keks=keys.configured_keks()),),
        max_life=MAX_LIFE,
        principal=Analyst(analyst, key_id, scopes),
        scheme=scheme,
        algorithm=algorithm,
        not_before=not_before,
        not_after=expires_at,
        revoked=state == KeyState.REVOKED,
    )
