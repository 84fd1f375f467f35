"""DRF's door to signed calls: gathers call, keys and clock, lets the pure schemes judge, answers one 401."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from polyphemus_site import clock
from polyphemus_site.api import addresses, audit, key_ends, problems
from polyphemus_site.api.audit import Attempt
from polyphemus_site.api.gates import Gate, RedisGate
from polyphemus_site.api.signing import schemes
from polyphemus_site.api.signing.calls import Call, call_of
from polyphemus_site.api.signing.keys import KeyRing, Verified
from polyphemus_site.api.signing.refusals import SignatureRefusedError
from polyphemus_site.api.signing.schemes import Audience, Scheme
from polyphemus_site.errors import PolyphemusError

UNSIGNED: Final = "unsigned"


class SignedAuthentication(BaseAuthentication):
    """Believes signed calls: `request.user` is the key's principal, `request.auth` is a `Verified`.

    Subclass implementation: `keys_for`, or `keys_at` where keys and clock come in one statement. A call with
    no signature at all is left to the view's other authentication classes; a call with a bad one is refused.
    """

    gate: Gate = RedisGate()

    def keys_for(self, key_id: str) -> KeyRing | None:
        """The keys known under this id, whatever their state; `None` for an unknown id."""
        raise NotImplementedError

    def keys_at(self, key_id: str) -> tuple[KeyRing | None, datetime]:
        """The keys and the instant by which the call is judged."""
        return self.keys_for(key_id), self.now()

    def principal_of(self, ring: KeyRing) -> Any:
        """Who becomes `request.user`."""
        return ring.principal

    # Subclasses shouldn't need to override what follows.

    def now(self) -> datetime:
        """The database's time."""
        return clock.now()  # noqa: TID251 — the edge: read once for each call and passed inwards

    def audience(self) -> Audience:
        """Whom calls must be signed for: the name in our configuration, never the caller's Host."""
        return audience_of(settings.POLYPHEMUS_URL)

    def write_audit(self, attempt: Attempt, *, at: datetime, reason: str) -> None:
        """Keep why the call was refused; the gate notes the others."""
        audit.write(attempt, at=at, reason=reason)

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 — DRF's signature
        """What a 401 asks for."""
        return problems.CHALLENGE

    def authenticate(self, request: Request) -> tuple[Any, Verified] | None:
        """The principal and what was verified; `None` for an unsigned call; else one and the same 401."""
        http: HttpRequest = request._request  # noqa: SLF001 — DRF offers no public name for the request it wraps
        call = call_of(http, request.parser_context["kwargs"])
        if not schemes.carried_by(call) and len(request.authenticators or ()) > 1:
            return None
        return self.believe(http, call)

    def believe(self, http: HttpRequest, call: Call) -> tuple[Any, Verified]:
        """The principal and what was verified, for a call that nobody else could vouch for."""
        carried = schemes.carried_by(call)
        key_id = _claimed_id(call, carried)
        attempt = audit.attempt_of(http, call, scheme=carried[0].name if carried else "", key_id=key_id)
        self.gate.refuse_failing(attempt)
        ring, verified = self._judged(call, carried, attempt)
        if ring and (end := ring.end_to_tell(verified.at)):
            key_ends.note(http, end)
        return self.principal_of(ring) if ring else None, verified

    def _judged(self, call: Call, carried: list[Scheme], attempt: Attempt) -> tuple[KeyRing | None, Verified]:
        ring, now = self.keys_at(attempt.key_id)
        try:
            verified = self._verified(call, carried, ring, now)
            _refuse_elsewhere(ring, attempt)
            self.gate.admit(verified, attempt, ring.projects if ring else (), now=now)
        except SignatureRefusedError as refusal:
            self.gate.count_failure(attempt)
            self.write_audit(attempt, at=now, reason=refusal.reason)
            raise AuthenticationFailed from refusal
        except PolyphemusError as refusal:
            self.write_audit(attempt, at=now, reason=refusal.code)
            raise
        return ring, verified

    def _verified(self, call: Call, carried: list[Scheme], known: KeyRing | None, now: datetime) -> Verified:
        """Every check in its order; unknown ids and keys of another scheme cost the same work."""
        if len(carried) != 1:
            raise SignatureRefusedError("two schemes" if carried else UNSIGNED)
        (scheme,) = carried
        stranger = _stranger(known, scheme)
        ring = known if known and not stranger else scheme.dummy(call)
        try:
            verified = scheme.verify(call, ring, self.audience(), now)
        except SignatureRefusedError as refusal:
            raise (SignatureRefusedError(stranger) if stranger and refusal.is_final else refusal) from refusal
        if fault := stranger or ring.standing(now):
            raise SignatureRefusedError(fault)
        return verified


def _refuse_elsewhere(ring: KeyRing | None, attempt: Attempt) -> None:
    """A key that is bound to a place is believed from there alone, however right the signature."""
    if ring and ring.networks and not addresses.lies_in(attempt.address, ring.networks):
        raise SignatureRefusedError("address")


def _stranger(known: KeyRing | None, scheme: Scheme) -> str:
    """Why the call is verified by a key nobody has; empty when it is by the id's own."""
    if known is None:
        return "unknown id"
    return known.fault or ("" if known.scheme == scheme.name else "scheme")


def _claimed_id(call: Call, carried: list[Scheme]) -> str:
    """The key id the call claims, empty when it can't be read: the refusal then comes with the verifying."""
    try:
        return carried[0].key_id_of(call) if carried else ""
    except SignatureRefusedError:
        return ""


@lru_cache(maxsize=16)
def audience_of(url: str) -> Audience:
    """The host and authority of our public address."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    shown = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    authority = shown if parts.port in (None, usual) else f"{shown}:{parts.port}"
    return Audience(host=host, authority=authority, url_scheme=parts.scheme)
