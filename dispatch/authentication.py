"""How the API knows analysts: by calls signed with their keys."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, ClassVar

import msgspec

from dispatch.scopes import Scope, Scopes
from dispatch.sealing import SealBrokenError, Sealed
from dispatch.services import keys
from dispatch.states import KeyState
from polyphemus_site.api.authentication import SignedAuthentication
from polyphemus_site.api.signing.keys import KeyRing
from polyphemus_site.postgresql.prepared import Statement

logger = logging.getLogger(__name__)

#: An analyst's signature is made for one call, just before it is sent.
MAX_LIFE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Analyst:
    """Who signed: becomes `request.user`."""

    email: str
    key_id: str
    scopes: Scopes
    #: How often requests had changed when the key was looked up; known where a list was asked for.
    revision: str = field(default="", compare=False)

    is_authenticated: ClassVar[bool] = True

    def __str__(self) -> str:
        """The address: it is what we know people by."""
        return self.email

    @property
    def pk(self) -> str:
        """What throttles and logs know a caller by."""
        return self.key_id


#: Grows with each change that is committed. Slots weigh differently, so that a database that was restored and
#: went on otherwise hardly ever comes by the same number again.
REVISION = "SELECT coalesce(sum(changes * (slot * 7919 + 1)), 0) FROM dispatch_revision"
#: One statement for the key, what it may do, and the time: an analyst's poll costs two statements in all.
#: An unknown id costs the same one.
FIND = """
SELECT statement_timestamp(), {revision}, k.analyst, k.scheme, k.algorithm, encode(k.ciphertext, 'hex'),
       encode(k.nonce, 'hex'), k.kek_version, k.state, k.not_before, k.expires_at,
       (SELECT json_agg(json_build_array(s.project, s.analysis, s.verb)) FROM dispatch_keyscope AS s
         WHERE s.key_id = k.id)
  FROM (VALUES (1)) AS always LEFT JOIN dispatch_apikey AS k ON k.id = {key_id}
"""
FIND_KEY = Statement("find_key", FIND.replace("{revision}", "''"), key_id="text")
#: The same, and how often requests have changed by then: what is read afterwards is no older.
FIND_KEY_FOR_A_LIST = Statement(
    "find_key_for_a_list",
    FIND.replace("{revision}", f"({REVISION})"),
    key_id="text",
)


class AnalystAuthentication(SignedAuthentication):
    """`request.user` becomes an `Analyst`."""

    find = FIND_KEY
    #: How often requests had changed when the key was looked up, where the statement tells.
    revision: str | None = ""

    def keys_at(self, key_id: str) -> tuple[KeyRing | None, datetime]:
        """The key of this id, whatever its state, and the database's time, in one statement."""
        at, self.revision, *columns = self.find.row(key_id=key_id) or ()
        now = datetime.fromisoformat(str(at))
        if columns[0] is None:
            return None, now
        return _ring(key_id, tuple(columns), tuple(keys.configured_keks())), now


class ListAuthentication(AnalystAuthentication):
    """The same, for lists: the analyst comes with the revision of the moment."""

    find = FIND_KEY_FOR_A_LIST

    def principal_of(self, ring: KeyRing) -> Analyst:
        """The key's analyst, at this revision."""
        known: Analyst = ring.principal
        return Analyst(known.email, known.key_id, known.scopes, self.revision or "")


@lru_cache(maxsize=256)
def _ring(key_id: str, columns: tuple[Any, ...], keks: tuple[bytes, ...]) -> KeyRing:
    """The key as signatures are verified with it: what this row says, and no other.

    The row is read for each call, so that whatever changes in it counts from then on.
    """
    analyst, scheme, algorithm, ciphertext, nonce, version, state, not_before, expires_at, lines = columns
    sealed = Sealed(bytes.fromhex(ciphertext), bytes.fromhex(nonce), version)
    secrets = _opened(sealed, key_id=key_id, scheme=scheme, keks=keks)
    scopes = Scopes(tuple(Scope(*line) for line in msgspec.json.decode(lines or "[]")))
    return KeyRing(
        key_id=key_id,
        secrets=secrets,
        fault="" if secrets else "secret does not open",
        max_life=MAX_LIFE,
        principal=Analyst(analyst, key_id, scopes),
        scheme=scheme,
        algorithm=algorithm,
        not_before=_instant(not_before),
        not_after=_instant(expires_at),
        revoked=state == KeyState.REVOKED,
    )


def _opened(sealed: Sealed, *, key_id: str, scheme: str, keks: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """What the key signs with; nothing when it does not open: no caller can mend that."""
    try:
        return (keys.opened(sealed, key_id=key_id, scheme=scheme, keks=keks),)
    except SealBrokenError:
        logger.exception("Calls with key %s are refused: what was sealed does not open.", key_id)
        return ()


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
