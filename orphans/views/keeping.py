"""The API of what is kept: the bundles of a project, and its audit."""

from __future__ import annotations

import csv
import io
from typing import ClassVar

from django.conf import settings
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from orphans import described
from orphans.filters import BundlesWanted, Wanted
from orphans.models import Bundle
from orphans.permissions import require_look
from orphans.serializers import bundle_json
from orphans.services import exports
from orphans.views.base import PersonView, person_of
from orphans.views.reviews import download
from polyphemus_site.janus.permissions import require_admin, require_restricted
from polyphemus_site.openapi.described import Methods

PAGE = 100


class BundleList(PersonView):
    """`GET /api/v1/bundles?project=`: every copy, the newest first, with where to load it from."""

    described: ClassVar[Methods] = {"GET": described.COPIES}

    def get(self, request: Request) -> Response:
        """One page."""
        wanted = BundlesWanted.read(request.query_params)
        require_look(person_of(request), wanted.project)
        rows = list(wanted.of(Bundle.objects.all())[: PAGE + 1])
        more = f"{request.path}?{wanted.address(before=rows[PAGE - 1].pk)}" if len(rows) > PAGE else None
        listed = [
            bundle_json(row)
            | {
                "review": row.review_id,
                "url": f"{settings.POLYPHEMUS_URL}/api/v1/reviews/{row.review_id}/bundles/{row.number}",
            }
            for row in rows[:PAGE]
        ]
        return Response({"bundles": listed, "next": more})


class Audit(PersonView):
    """`GET /api/v1/orphans/audit?project=`: who did what with which orphan and copy, as CSV, for admins."""

    described: ClassVar[Methods] = {"GET": described.AUDIT}

    def get(self, request: Request) -> HttpResponse:
        """All of it, oldest first; it names restricted records, so it is for upper-case roles."""
        project = Wanted.read(request.query_params).project
        require_admin(person_of(request), project)
        require_restricted(person_of(request), project)
        text = io.StringIO()
        csv.writer(text).writerows(exports.audit(project))
        return download(text.getvalue().encode(), "text/csv; charset=utf-8", f"{project}-orphans-audit.csv")
