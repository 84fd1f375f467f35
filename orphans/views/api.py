"""The API of orphans."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from orphans.filters import PAGE, Wanted
from orphans.models import Orphan
from orphans.permissions import require_look
from orphans.serializers import card_json, orphan_json
from orphans.views.base import PersonView, person_of


class OrphanList(PersonView):
    """`GET /api/v1/orphans?project=`: the live ones, or those a filter names, in pages."""

    def get(self, request: Request) -> Response:
        """One page, with the project's one suggestion for those who may review."""
        wanted = Wanted.read(request.query_params)
        require_look(person_of(request), wanted.project)
        mine = Orphan.objects.of_project(wanted.project, onlooker=person_of(request))
        rows = list(wanted.of(mine)[: PAGE + 1])
        more = f"{request.path}?{wanted.address(after=rows[PAGE - 1].pk)}" if len(rows) > PAGE else None
        listed = [orphan_json(row) for row in rows[:PAGE]]
        card = card_json(mine) if person_of(request).can_edit(wanted.project) else None
        return Response({"orphans": listed, "next": more, "card": card})
