"""Who works for a project, and how that went, as a page."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dispatch import track_records
from polyphemus_site.janus.pages import PageRequest, signed_in
from polyphemus_site.janus.permissions import require_view


@require_GET
@signed_in
def analysts_page(request: PageRequest, project: str) -> HttpResponse:
    """`/PROJECT/analysts`: each analyst's track record in this project, by analysis."""
    require_view(request.person, project)
    context = {"project": project, "records": track_records.of_project(project)}
    return render(request, "dispatch/analysts.html", context)
