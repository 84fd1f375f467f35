"""What an analyst's program may know of its own past."""

from __future__ import annotations

from typing import ClassVar, cast

from django.http import QueryDict
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from dispatch import described, documents, track_records
from dispatch.authentication import Analyst, AnalystAuthentication
from dispatch.services import naming
from dispatch.views.api import DispatchView
from polyphemus_site.api.asked import query_of
from polyphemus_site.errors import InvalidInputError
from polyphemus_site.openapi.described import Methods


class TrackRecordView(DispatchView):
    """An analyst's own track record of one analysis."""

    described: ClassVar[Methods] = {"GET": described.REMEMBERING}
    authentication_classes = (AnalystAuthentication,)

    def get(self, request: Request) -> Response:
        """How its awards ended, and how long they usually take."""
        asked = QueryDict(query_of(request, ("analysis",)))
        if list(asked.lists()) != [("analysis", [asked.get("analysis")])]:
            raise InvalidInputError(_("Give analysis, once, and nothing else."), code="unknown_parameter")
        analysis = naming.slug(asked["analysis"], field="analysis")
        known = track_records.of(cast("Analyst", request.user).email, analysis)
        return Response(documents.track_record(known), headers={"Cache-Control": "private, no-store"})
