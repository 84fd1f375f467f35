"""`POST /api/log/PROJECT/write`."""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar, cast

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from magma.journal import described
from magma.journal.afterwards import Afterwards, ResponseThenWork
from magma.journal.authentication import Sibling, SiblingAuthentication
from magma.journal.services import entries
from polyphemus_site.api.parsers import MEGABYTE, document_of
from polyphemus_site.api.signing.keys import Verified
from polyphemus_site.openapi.described import Methods


class WriteView(APIView):
    """Takes what a sibling tells; the work it causes happens later."""

    described: ClassVar[Methods] = {"POST": described.WRITING}

    authentication_classes = (SiblingAuthentication,)
    permission_classes = (IsAuthenticated,)
    #: A real Magma sends whole answers, templates included.
    max_body = 32 * MEGABYTE
    #: Not 503: Etna's client would repeat it for minutes inside its own user's request, for what is a hint.
    unavailable_status = HTTPStatus.INTERNAL_SERVER_ERROR

    def post(self, request: Request, project_name: str) -> Response:
        """Keep the entry; its sender has the answer before the apps are told."""
        sibling, verified = cast("tuple[Sibling, Verified]", (request.user, request.auth))
        afterwards = Afterwards()
        entry = entries.write(
            project_name=project_name,
            sender=sibling.name,
            document=document_of(request),
            body=request._request.body,  # noqa: SLF001 — the bytes as they came, which DRF does not offer
            now=verified.at,
            later=afterwards,
        )
        return ResponseThenWork({"log": entry.pk}, afterwards=afterwards)
