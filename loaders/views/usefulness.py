"""What became of suggestions, as a page."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from loaders.models import Suggestion
from loaders.services.authors import WINDOW
from loaders.usefulness import measured
from polyphemus_site import clock
from polyphemus_site.janus.pages import PageRequest, signed_in
from polyphemus_site.janus.permissions import require_view


@require_GET
@signed_in
def usefulness_page(request: PageRequest, project: str) -> HttpResponse:
    """`/PROJECT/usefulness`: what became of each loader's suggestions, as far as the visitor may see them."""
    require_view(request.person, project)
    now = clock.now()
    rows = Suggestion.objects.visible_to(request.person, [project]).filter(opened_at__gt=now - WINDOW)
    context = {"project": project, "loaders": measured(rows, now=now), "days": WINDOW.days}
    return render(request, "loaders/usefulness.html", context)
