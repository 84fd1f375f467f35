"""The API of orphans."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from orphans import described
from orphans.filters import PAGE, Wanted
from orphans.models import Orphan, ReviewItem
from orphans.permissions import require_look
from orphans.serializers import card_json, orphan_json
from orphans.views.base import PersonView, person_of
from polyphemus_site.openapi.described import Methods


class OrphanList(PersonView):
    """`GET /api/v1/orphans?project=`: the live ones, or those a filter names, in pages."""

    described: ClassVar[Methods] = {"GET": described.LISTING}

    def get(self, request: Request) -> Response:
        """One page, with the project's one suggestion for those who may review."""
        wanted = Wanted.read(request.query_params)
        require_look(person_of(request), wanted.project)
        mine = Orphan.objects.of_project(wanted.project, onlooker=person_of(request))
        rows = list(wanted.of(mine)[: PAGE + 1])
        more = f"{request.path}?{wanted.address(after=rows[PAGE - 1].pk)}" if len(rows) > PAGE else None
        sizes = ReviewItem.objects.all().sizes([row.pk for row in rows])
        listed = [orphan_json(row) | {"records": sizes.get(row.pk)} for row in rows[:PAGE]]
        may_decide = person_of(request).can_edit(wanted.project)
        card = card_json(mine) if may_decide else None
        count = replace(wanted, after=0).of(mine).count()
        answer = {"orphans": listed, "next": more, "count": count, "card": card, "may_decide": may_decide}
        return Response(answer)
