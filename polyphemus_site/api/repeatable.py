"""`Idempotency-Key` on every POST that changes something."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder
from rest_framework.views import APIView

from polyphemus_site import clock
from polyphemus_site.api import repeats
from polyphemus_site.api.lean import Answer
from polyphemus_site.api.repeats import Call, Kept

#: What an answer is kept with, beside its body.
KEPT_HEADERS = (
    *("ETag", "Location", "Polyphemus-Award", "Polyphemus-Award-Repeated", "Polyphemus-Due"),
    "Polyphemus-Verification",
)


class RepeatableView(APIView):
    """A view whose `post` may be sent again under an `Idempotency-Key`.

    Subclass implementation: `act`, which does what a POST does.
    """

    def act(self, request: Request) -> Answer | Response:
        """Do it."""
        raise NotImplementedError

    # Subclasses shouldn't need to override what follows.

    def post(self, request: Request, **_route: str) -> Answer | Response:
        """Do it, or answer as the first time."""
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return self.act(request)
        caller = str(request.user)  # the address: who has changed keys since is still the same
        call = Call(caller=caller, key=key, fingerprint=_fingerprint(request))
        kept = repeats.once(call, lambda: _kept(self.act(request)), now=clock.now())
        response = Response(kept.body, status=kept.status, headers=dict(kept.headers))
        if kept.repeated:
            response["Idempotency-Replayed"] = "true"
        return response


def _kept(given: Answer | Response) -> Kept:
    headers = {name: given.headers[name] for name in KEPT_HEADERS if name in given.headers}
    body = json.loads(json.dumps(given.data, cls=JSONEncoder))  # instants as they are written out
    return Kept(given.status_code, body, headers)


def _fingerprint(request: Request) -> str:
    http: Any = request._request  # noqa: SLF001 — DRF offers no public name for the request it wraps
    digest = hashlib.sha256(f"{http.method} {http.path}\n".encode())
    digest.update(http.headers.get("Accept", "").encode() + b"\n")
    digest.update(http.body)
    return digest.hexdigest()
