"""Replays recorded signed requests through the real authentication, and compares the verdicts.

Each request goes through the whole WSGI application (middleware, DRF, the authentication class) at an
address that does nothing; only keys, host, clock and nonces are the vectors' own.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.test.utils import override_settings
from django.urls import re_path
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from polyphemus_site.api.audit import Attempt
from polyphemus_site.api.authentication import SignedAuthentication
from polyphemus_site.api.raw_requests import MalformedRequestError, environ_of
from polyphemus_site.api.signing.keys import CLOCK_SKEW, KeyRing, Verified
from polyphemus_site.api.signing.refusals import SignatureRefusedError

#: Verdicts that ask for a believed signature; what a scope then refuses is no business of authentication.
BELIEVED: Final = frozenset({"ACCEPT", "scope (403)"})
REPLAY: Final = "replay"
LIFE: Final = timedelta(days=10) + CLOCK_SKEW


@dataclass(frozen=True)
class Outcome:
    """What one vector wanted and what came of it."""

    name: str
    wanted: str
    got: str
    agrees: bool


@dataclass
class Trial:
    """What stands in for configuration, clock and memory while one vector is replayed."""

    keys: Mapping[str, Any]
    now: datetime
    #: Each vector starts with none used.
    nonces: set[tuple[str, str]] = field(default_factory=set)
    reasons: list[str] = field(default_factory=list)


_trial: ContextVar[Trial] = ContextVar("trial")


class TrialGate:
    """A vector's own memory; vectors come as fast as they like."""

    def refuse_failing(self, attempt: Attempt) -> None:
        """Never."""

    def count_failure(self, attempt: Attempt) -> None:
        """Forgotten."""

    def admit(
        self, verified: Verified, attempt: Attempt, projects: Sequence[str] = (), *, now: datetime
    ) -> None:
        """Each nonce once."""
        del attempt, projects, now
        trial, nonce = _trial.get(), (verified.key_id, verified.nonce)
        if nonce in trial.nonces:
            raise SignatureRefusedError(REPLAY)
        trial.nonces.add(nonce)
        trial.reasons.append("ACCEPT")


class VectorAuthentication(SignedAuthentication):
    """The real authentication with a vector's keys, clock and nonces; its audit is the trial's."""

    gate = TrialGate()

    def keys_for(self, key_id: str) -> KeyRing | None:
        """The key the vectors' file gives this id."""
        value = _trial.get().keys.get(key_id)
        keys = tuple(key.encode() for key in (value if isinstance(value, list) else [value]) if key)
        return KeyRing(key_id=key_id, secrets=keys, max_life=LIFE, principal=_Somebody()) if keys else None

    def now(self) -> datetime:
        """The vector's instant."""
        return _trial.get().now

    def write_audit(self, attempt: Attempt, *, at: datetime, reason: str) -> None:
        """Tell the trial."""
        del attempt, at
        _trial.get().reasons.append(reason)


@dataclass(frozen=True)
class _Somebody:
    is_authenticated: bool = True


class VectorView(APIView):
    """Answers 200 to whoever is believed."""

    authentication_classes = (VectorAuthentication,)
    permission_classes = (IsAuthenticated,)

    def get(self, request: Request, **_: str) -> Response:
        """Believed."""
        del request
        return Response({"believed": True})

    post = put = patch = delete = get


_view = VectorView.as_view()
#: The addresses of the server the vectors were recorded against.
urlpatterns = [
    re_path(r"^api/log/(?P<project_name>[^/]+)/write$", _view),
    re_path(r"^api/v1/(?P<project_name>[^/]+)/.+$", _view),
    re_path(r"^(?P<project_name>[^/]+)/.+$", _view),
    re_path(r"^.*$", _view),
]


def replay(document: Mapping[str, Any], *, now: datetime | None = None) -> Iterator[Outcome]:
    """Each vector of a file in the form of ../shared/etna/vectors.json; unknown fields are let be."""
    host = document["server_host"]
    with (
        _quiet(),
        override_settings(
            ROOT_URLCONF=__name__,
            POLYPHEMUS_URL=f"https://{host}",
            ALLOWED_HOSTS=[host],
            SECURE_SSL_REDIRECT=False,
        ),
    ):
        application = WSGIHandler()
        for vector in document["vectors"]:
            instant = now or datetime.fromisoformat(vector.get("now") or document["frozen_now"])
            yield _outcome(application, vector, Trial(keys=document["keys"], now=instant))


@contextmanager
def _quiet() -> Iterator[None]:
    """A refusal is what most vectors want: no line about each; a crash shows in the verdict."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(before)


def _outcome(application: WSGIHandler, vector: Mapping[str, Any], trial: Trial) -> Outcome:
    wanted = vector["strict_policy"]
    times = max(len(vector.get("statuses") or ()), 2 if wanted == REPLAY else 1)
    raw = base64.b64decode(vector["request"]["raw_base64"])
    token = _trial.set(trial)
    try:
        statuses = [_status(application, raw) for _ in range(times)]
    finally:
        _trial.reset(token)
    got = trial.reasons[-1] if trial.reasons else f"refused before authentication ({statuses[-1]})"
    return Outcome(name=vector["name"], wanted=wanted, got=got, agrees=_agrees(wanted, statuses))


def _agrees(wanted: str, statuses: list[int]) -> bool:
    """A replay is one believed call and only refused ones after it; all else is judged by its first call."""
    believed = [status == HTTPStatus.OK for status in statuses]
    if any(status >= HTTPStatus.INTERNAL_SERVER_ERROR for status in statuses):
        return False
    if wanted == REPLAY:
        return believed[0] and not any(believed[1:])
    return believed[0] == (wanted in BELIEVED)


def _status(application: WSGIHandler, raw: bytes) -> int:
    try:
        environ = environ_of(raw)
    except MalformedRequestError:
        return int(HTTPStatus.BAD_REQUEST)
    return application.get_response(WSGIRequest(environ)).status_code
