"""The pages of orphans, readable without JavaScript."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from orphans.filters import PAGE, Wanted
from orphans.models import Orphan, Search
from orphans.permissions import require_look
from orphans.states import Cause, OrphanStatus
from polyphemus_site.janus.pages import PageRequest, signed_in


@require_GET
@signed_in
def orphans(request: PageRequest, project: str) -> HttpResponse:
    """`/PROJECT/orphans`: what waits, grouped, with filters and a page of rows."""
    require_look(request.person, project)
    wanted = Wanted.read(request.GET.dict() | {"project": project})
    mine = Orphan.objects.of_project(project, onlooker=request.person)
    rows = list(wanted.of(mine)[: PAGE + 1])
    context = {
        "project": project,
        "wanted": wanted,
        "orphans": rows[:PAGE],
        "next": wanted.address(after=rows[PAGE - 1].pk) if len(rows) > PAGE else "",
        "groups": mine.live().groups(),
        "causes": Cause.choices,
        "statuses": OrphanStatus.choices,
        "search": Search.objects.filter(project=project).order_by("-started_at").first(),
        "may_decide": request.person.can_edit(project),
    }
    return render(request, "orphans/orphans.html", context)
