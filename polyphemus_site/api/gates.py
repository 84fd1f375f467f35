"""What a verified call must still pass: that it comes for the first time, and not too often.

Analysts' calls pass `RedisGate`, where limits, nonce and the note for the audit are one question to Redis.
The journal's pass `SeparateGate`, which needs no Redis.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

import redis
from django.conf import settings
from django.utils.translation import gettext as _

from polyphemus_site.api import audit, nonces
from polyphemus_site.api.audit import Attempt
from polyphemus_site.api.limits import (
    WINDOW_S,
    Limits,
    TooManyError,
    failure_limits,
    failure_names,
    weight_of,
)
from polyphemus_site.api.nonces import NonceStore
from polyphemus_site.api.redis_door import Script, named
from polyphemus_site.api.signing.keys import CLOCK_SKEW, Verified
from polyphemus_site.api.signing.refusals import SignatureRefusedError

#: One visit, so that nothing comes between: failures of the address, memory, nonce, shares of the key
#: and of its projects, note.
ADMIT: Final = """
local failed = redis.call('MGET', KEYS[1], KEYS[2])
if tonumber(failed[1] or 0) >= tonumber(ARGV[1]) or tonumber(failed[2] or 0) >= tonumber(ARGV[2]) then
  return 'failing'
end
local since = redis.call('GET', KEYS[3])
if not since then return 'empty' end
if tonumber(since) > tonumber(ARGV[3]) then return 'forgotten' end
if not redis.call('SET', KEYS[4], '1', 'NX', 'EX', ARGV[4]) then return 'replay' end
local weight = tonumber(ARGV[9])
for at = 6, #KEYS do
  local calls = redis.call('INCRBY', KEYS[at], weight)
  if calls == weight then redis.call('EXPIRE', KEYS[at], ARGV[5]) end
  if at == 6 and calls > tonumber(ARGV[6]) then return 'often' end
  if at > 6 and calls > tonumber(ARGV[7]) then return 'crowded' end
end
redis.call('RPUSH', KEYS[5], ARGV[8])
return 'admitted'
"""
#: So long an address that failed too often is refused by this process alone, before any work is done for it.
SHUT_S: Final = 1.0
#: Addresses remembered at most; beyond, those whose time is over are let go.
MOST_SHUT: Final = 10_000


class Gate(Protocol):
    """Stands between a signature that is right and the view."""

    def refuse_failing(self, attempt: Attempt) -> None:
        """`TooManyError` for a caller that lately failed too often."""
        ...

    def count_failure(self, attempt: Attempt) -> None:
        """Remember that a call was not believed; perhaps `TooManyError`."""
        ...

    def admit(
        self, verified: Verified, attempt: Attempt, projects: Sequence[str] = (), *, now: datetime
    ) -> None:
        """Let the call in and note it, once, from the shares of key and projects; else the refusal."""
        ...


class SeparateGate:
    """Nonces in a store of their own, and limits in Redis while it is there."""

    def __init__(self, store: NonceStore, limits: Limits) -> None:
        """Keep both."""
        self.store = store
        self.limits = limits

    def refuse_failing(self, attempt: Attempt) -> None:
        """Ask Redis, before anything else is done."""
        self.limits.refuse_failing(attempt.address, attempt.key_id)

    def count_failure(self, attempt: Attempt) -> None:
        """For the next time."""
        self.limits.count_failure(attempt.address, attempt.key_id)

    def admit(
        self, verified: Verified, attempt: Attempt, projects: Sequence[str] = (), *, now: datetime
    ) -> None:
        """Nonce, share of the key, note: a sibling's key is no project's."""
        del projects
        if not self.store.claim(verified, now=now):
            raise SignatureRefusedError("replay")
        self.limits.count_success(verified.key_id, weight=weight_of(attempt.method))
        audit.write(attempt, at=now, fingerprint=verified.fingerprint)


class RedisGate:
    """One visit to Redis for each believed call; without Redis none is."""

    def __init__(self, script: Script | None = None, *, prefix: str = "n") -> None:
        """Keep the way to Redis; `prefix` keeps nonces apart that share a server."""
        self.script = script or Script(ADMIT)
        self.prefix = prefix
        self.limits = Limits()
        self.shut: dict[str, float] = {}

    def refuse_failing(self, attempt: Attempt) -> None:
        """What this process remembers; what others know is asked together with the nonce."""
        if self.shut:
            instant = time.monotonic()
            if any(self.shut.get(name, 0) > instant for name in self._failures(attempt)):
                raise _failing()

    def count_failure(self, attempt: Attempt) -> None:
        """Remember it, and refuse what is one too many."""
        counts = self.limits.count_failure(attempt.address, attempt.key_id)
        for name, count, limit in zip(self._failures(attempt), counts, failure_limits(), strict=False):
            if count > limit:
                self._shut(name)
                raise _failing()

    def admit(
        self, verified: Verified, attempt: Attempt, projects: Sequence[str] = (), *, now: datetime
    ) -> None:
        """Limits, nonce and note at once; fails closed when Redis does not know."""
        try:
            answer = self._answer(verified, attempt, projects, now)
            if answer == "empty":
                nonces.begin_memory(named(self.prefix), self.script.connect(), now=now)
                answer = self._answer(verified, attempt, projects, now)
        except redis.RedisError as error:
            raise nonces.unavailable("Signed calls can't be told from replays just now.") from error
        if answer != "admitted":
            raise self._refusal(answer, attempt)

    def _answer(self, verified: Verified, attempt: Attempt, projects: Sequence[str], now: datetime) -> str:
        ours = named("")
        names = [
            *self._failures(attempt),
            f"{ours}{self.prefix}:since",
            f"{ours}{self.prefix}:{verified.scheme}:{verified.key_id}:{nonces.digest_of(verified.nonce)}",
            f"{ours}{audit.NOTES}",
            f"{ours}limit:key:{verified.key_id}",
            *(f"{ours}limit:project:{project}" for project in projects),
        ]
        seconds = max(math.ceil((verified.expires - now + CLOCK_SKEW).total_seconds()), 1)
        answer = self.script(
            names,
            *failure_limits(),
            f"{verified.earliest.timestamp():.6f}",
            seconds,
            WINDOW_S,
            settings.POLYPHEMUS_CALLS_PER_MINUTE,
            settings.POLYPHEMUS_PROJECT_CALLS_PER_MINUTE,
            audit.note_of(attempt, at=now, fingerprint=verified.fingerprint),
            weight_of(attempt.method),
        )
        return answer.decode() if isinstance(answer, bytes) else str(answer)

    def _refusal(self, answer: str, attempt: Attempt) -> Exception:
        if answer == "replay":
            return SignatureRefusedError("replay")
        if answer == "failing":
            self._shut(self._failures(attempt)[1])
            return _failing()
        if answer == "often":
            return TooManyError(_("Too many calls with this key."), retry_after=WINDOW_S)
        if answer == "crowded":
            return TooManyError(_("Too many calls for this key's project."), retry_after=WINDOW_S)
        return nonces.unavailable("Signed calls of a while ago can't be told from replays; sign again.")

    def _failures(self, attempt: Attempt) -> tuple[str, str]:
        return failure_names(attempt.address, attempt.key_id)

    def _shut(self, name: str) -> None:
        instant = time.monotonic()
        if len(self.shut) >= MOST_SHUT:
            self.shut = {other: until for other, until in self.shut.items() if until > instant}
        self.shut[name] = instant + SHUT_S


def _failing() -> TooManyError:
    return TooManyError(_("Too many failed calls from your address."), retry_after=WINDOW_S)
