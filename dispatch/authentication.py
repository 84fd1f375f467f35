"""How the API knows analysts: by calls signed with their keys."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import ClassVar

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
SELECT statement_timestamp(), {revision}, (
  SELECT row_to_json(k) FROM (
    SELECT analyst, scheme, algorithm, encode(ciphertext, 'hex') AS ciphertext, encode(nonce, 'hex') AS nonce,
           kek_version, state, not_before, expires_at, addresses,
           ARRAY(SELECT json_build_array(s.project, s.analysis, s.verb) FROM dispatch_keyscope AS s
                  WHERE s.key_id = a.id) AS scopes
      FROM dispatch_apikey AS a WHERE a.id = {key_id}) AS k)
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
        at, self.revision, row = self.find.row(key_id=key_id) or ("", "", None)
        now = datetime.fromisoformat(str(at))
        return _ring(key_id, row, tuple(keys.configured_keks())) if row else None, now


class ListAuthentication(AnalystAuthentication):
    """The same, for lists: the analyst comes with the revision of the moment."""

    find = FIND_KEY_FOR_A_LIST

    def principal_of(self, ring: KeyRing) -> Analyst:
        """The key's analyst, at this revision."""
        known: Analyst = ring.principal
        return Analyst(known.email, known.key_id, known.scopes, self.revision or "")


class Row(msgspec.Struct):
    """A key as its row has it."""

    analyst: str
    scheme: str
    algorithm: str
    ciphertext: str
    nonce: str
    kek_version: str
    state: str
    not_before: datetime | None
    expires_at: datetime | None
    addresses: list[str]
    scopes: list[tuple[str, str, str]]


@lru_cache(maxsize=256)
def _ring(key_id: str, text: str, keks: tuple[bytes, ...]) -> KeyRing:
    """The key as signatures are verified with it: what this row says, and no other.

    The row is read for each call, so that whatever changes in it counts from then on.
    """
    row = msgspec.json.decode(text, type=Row)
    sealed = Sealed(bytes.fromhex(row.ciphertext), bytes.fromhex(row.nonce), row.kek_version)
    secrets = _opened(sealed, key_id=key_id, scheme=row.scheme, keks=keks)
    scopes = Scopes(tuple(Scope(*line) for line in row.scopes))
    return KeyRing(
        key_id=key_id,
        secrets=secrets,
        fault="" if secrets else "secret does not open",
        max_life=MAX_LIFE,
        principal=Analyst(row.analyst, key_id, scopes),
        scheme=row.scheme,
        algorithm=row.algorithm,
        not_before=row.not_before,
        not_after=row.expires_at,
        revoked=row.state == KeyState.REVOKED,
        pending=row.state == KeyState.PENDING,
        networks=tuple(row.addresses),
        projects=scopes.named_projects(),
        retiring=row.state == KeyState.RETIRING,
    )


def _opened(sealed: Sealed, *, key_id: str, scheme: str, keks: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """What the key signs with; nothing when it does not open: no caller can mend that."""
    try:
        return (keys.opened(sealed, key_id=key_id, scheme=scheme, keks=keks),)
    except SealBrokenError:
        logger.exception("Calls with key %s are refused: what was sealed does not open.", key_id)
        return ()
