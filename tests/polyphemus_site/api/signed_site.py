"""A small site of signed addresses: what every signed address of ours goes through, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.db import OperationalError
from django.urls import path
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import Throttled, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from polyphemus_site.api.authentication import SignedAuthentication
from polyphemus_site.api.parsers import document_of
from polyphemus_site.api.signing.keys import KeyRing
from polyphemus_site.errors import MoveRefusedError

#: The keys of the site, filled by the tests.
RINGS: dict[str, KeyRing] = {}


@dataclass(frozen=True)
class Caller:
    name: str
    is_authenticated: bool = True

    def __str__(self) -> str:
        return self.name


class TableAuthentication(SignedAuthentication):
    def keys_for(self, key_id: str) -> KeyRing | None:
        return RINGS.get(key_id)


class Nobody(BaseAuthentication):
    def authenticate(self, request: Request) -> None:
        return None


class Things(APIView):
    authentication_classes = (TableAuthentication,)
    permission_classes = (IsAuthenticated,)

    def get(self, request: Request, **_: str) -> Response:
        return Response({"who": str(request.user), "key": getattr(request.auth, "key_id", None)})

    def post(self, request: Request, **_: str) -> Response:
        return Response({"got": document_of(request)}, status=HTTPStatus.CREATED)


class Mixed(Things):
    authentication_classes = (TableAuthentication, Nobody)  # type: ignore[assignment]  # another length than above


class Open(APIView):
    """Answers anybody, and fails in every way on request."""

    failures: dict[str, Exception] = {  # noqa: RUF012 — read only
        "crash": RuntimeError("the secret of life"),
        "database": OperationalError("connection refused"),
        "refused": MoveRefusedError("Not now.", code="busy", waiting=3),
        "throttled": Throttled(wait=7.2),
        "invalid": ValidationError({"time": ["Must be a number."]}),
    }

    def get(self, request: Request, failure: str = "") -> Response:
        if failure in self.failures:
            raise self.failures[failure]
        return Response({"ok": True})

    def post(self, request: Request, **_: Any) -> Response:
        return Response({"got": request.data})


urlpatterns = [
    path("api/v1/things", Things.as_view()),
    path("api/v1/<str:project_name>/things", Things.as_view()),
    path("api/v1/mixed", Mixed.as_view()),
    path("api/v1/open", Open.as_view()),
    path("api/v1/open/<str:failure>", Open.as_view()),
]
handler400 = "polyphemus_site.api.problems.bad_request"
handler403 = "polyphemus_site.api.problems.permission_denied"
handler404 = "polyphemus_site.api.problems.page_not_found"
handler500 = "polyphemus_site.api.problems.server_error"
