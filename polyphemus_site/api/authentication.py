"""DRF's door to signed calls: gathers call, keys and clock, lets the pure schemes judge, answers one 401."""

from __future__ import annotations

import logging
import secrets
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from polyphemus_site import clock
from polyphemus_site.api import nonces, problems
from polyphemus_site.api.request_ids import request_id_of
from polyphemus_site.api.signing import etna
from polyphemus_site.api.signing.calls import Call, call_of
from polyphemus_site.api.signing.keys import ETNA_V1, KeyRing, Verified
from polyphemus_site.api.signing.refusals import SignatureRefusedError

logger = logging.getLogger("polyphemus.audit")

#: Stands in for an unknown id, so that knowing an id can't be told from the time an answer takes.
DUMMY_SECRET: Final = secrets.token_bytes(32)


class SignedAuthentication(BaseAuthentication):
    """Believes signed calls: `request.user` is the key's principal, `request.auth` is a `Verified`.

    Subclass implementation: `keys_for`. A call with no signature at all is left to the view's other
    authentication classes and its permissions; a call with a bad one is refused here.
    """

    def keys_for(self, key_id: str) -> KeyRing | None:
        """The keys known under this id, whatever their state; `None` for an unknown id."""
        raise NotImplementedError

    # Subclasses shouldn't need to override what follows.

    def now(self) -> datetime:
        """The instant by which signatures are judged."""
        return clock.now()  # noqa: TID251 — the edge: read once for each call and passed inwards

    def nonce_store(self) -> nonces.NonceStore:
        """Where nonces are claimed."""
        return nonces.default_store()

    def host(self) -> str:
        """The name calls are signed for: ours, from the configuration, never the caller's Host."""
        return str(settings.POLYPHEMUS_HOST)

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 — DRF's signature
        """What a 401 asks for."""
        return problems.CHALLENGE

    def authenticate(self, request: Request) -> tuple[Any, Verified] | None:
        """The principal and what was verified; `None` for an unsigned call; else one and the same 401."""
        http: HttpRequest = request._request  # noqa: SLF001 — DRF offers no public name for the request it wraps
        call = call_of(http, request.parser_context["kwargs"])
        if not etna.is_signed(call):
            return None
        try:
            ring, verified = self._verified(call)
        except SignatureRefusedError as refusal:
            logger.info("request %s refused: %s", request_id_of(http), refusal.reason)
            raise AuthenticationFailed from refusal
        return ring.principal, verified

    def _verified(self, call: Call) -> tuple[KeyRing, Verified]:
        now = self.now()
        key_id = etna.key_id_of(call)
        known = self.keys_for(key_id)
        ring = known or KeyRing(key_id=key_id, secrets=(DUMMY_SECRET,), max_life=timedelta(days=10))
        verified = etna.verify(call, ring.secrets, host=self.host(), now=now, max_life=ring.max_life)
        if known is None or ring.scheme != ETNA_V1:
            raise SignatureRefusedError("unknown id")
        if fault := ring.standing(now):
            raise SignatureRefusedError(fault)
        if not self.nonce_store().claim(verified, now=now):
            raise SignatureRefusedError("replay")
        return ring, verified
