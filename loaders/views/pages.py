"""The pages of suggestions, readable and usable without JavaScript."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from loaders import cards
from loaders.filters import PAGE, Dismissing, Snoozing, Wanted, choice_of, in_utc, understood
from loaders.models import ScanCursor
from loaders.services import suggestions
from loaders.views.base import suggestion_for
from polyphemus_site import clock
from polyphemus_site.errors import PolyphemusError
from polyphemus_site.janus.pages import PageRequest, signed_in
from polyphemus_site.janus.permissions import require_edit, require_edit_now, require_view


@require_GET
@signed_in
def suggestion_list(request: PageRequest, project: str) -> HttpResponse:
    """`/PROJECT/suggestions`: what is offered, alternatives on one card."""
    require_view(request.person, project)
    wanted = Wanted.read(request.GET.dict() | {"project": project})
    rows = list(wanted.of(request.person)[: PAGE + 1])
    context = {
        "project": project,
        "cards": cards.of(rows[:PAGE], request.person.email),
        "next": wanted.address(after=rows[PAGE - 1].pk) if len(rows) > PAGE else "",
        "cursor": ScanCursor.objects.filter(project=project).order_by("read_at").first(),
        "may_edit": request.person.can_edit(project),
    }
    return render(request, "loaders/suggestions.html", context)


@require_GET
@signed_in
def suggestion_page(request: PageRequest, project: str, pk: int) -> HttpResponse:
    """`/PROJECT/suggestions/ID`: one, with the whole tree of checks and its history."""
    suggestion = suggestion_for(request.person, pk, project)
    context = {
        "project": project,
        "suggestion": suggestion,
        "trees": cards.trees(suggestion),
        "events": suggestion.events.all(),
        "may_edit": request.person.can_edit(project),
    }
    return render(request, "loaders/suggestion.html", context)


@require_POST
@signed_in
def accept(request: PageRequest, project: str, pk: int) -> HttpResponse:
    """Publish the request a suggestion offers, or the one of its card that was chosen."""
    pk = choice_of(request.POST.get("choice", ""), pk)
    suggestion = suggestion_for(request.person, pk, project)
    require_edit_now(request.person, project)
    name = request.POST.get("name", "").strip() or None
    try:
        done = suggestions.accept(suggestion, person=request.person.email, name=name, now=clock.now())
    except PolyphemusError as refusal:
        messages.error(request, refusal.message)
        return _back(project, pk)
    messages.success(request, _("Published as %(name)s.") % {"name": done.request_name})
    return _back(project, pk)


@require_POST
@signed_in
def dismiss(request: PageRequest, project: str, pk: int) -> HttpResponse:
    """Put a suggestion away, for oneself or for the project."""
    suggestion, email = suggestion_for(request.person, pk, project), request.person.email
    form = {key: request.POST[key] for key in ("for", "reason") if key in request.POST}
    asked, now = understood(Dismissing, form), clock.now()
    if asked.whom == "me":
        suggestions.wave_away(suggestion, person=email, reason=asked.reason, now=now)
    else:
        require_edit(request.person, project)
        suggestions.dismiss(suggestion, person=email, reason=asked.reason, now=now)
    return _back(project)


@require_POST
@signed_in
def snooze(request: PageRequest, project: str, pk: int) -> HttpResponse:
    """Put a suggestion away for a while."""
    suggestion = suggestion_for(request.person, pk, project)
    require_edit(request.person, project)
    asked = understood(Snoozing, {"until": request.POST.get("until") or None})
    suggestions.snooze(suggestion, person=request.person.email, until=in_utc(asked.until), now=clock.now())
    return _back(project)


def _back(project: str, pk: int | None = None) -> HttpResponseRedirect:
    if pk is None:
        return HttpResponseRedirect(reverse("suggestions_page", args=[project]))
    return HttpResponseRedirect(reverse("suggestion_page", args=[project, pk]))
