"""The pages of requests, readable and usable without JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_GET, require_POST

from dispatch import callers, estimates, histories, listing, policies, serializers, sheets
from dispatch.models import AnalysisRequest, RequestEvent
from dispatch.services import extensions, requests
from dispatch.services import help as helping
from dispatch.services import messages as thread
from polyphemus_site import clock
from polyphemus_site.errors import MissingError, PolyphemusError
from polyphemus_site.janus.pages import PageRequest, signed_in
from polyphemus_site.janus.permissions import require_view

#: A page people read holds fewer than one a program reads.
ROWS = 50


@require_GET
@signed_in
def request_list(request: PageRequest, project: str) -> HttpResponse:
    """`/PROJECT/requests`: what was asked for in this project, newest first."""
    require_view(request.person, project)
    status = listing.status_of(request.GET.get("status", listing.ANY_STATUS))
    before = request.GET.get("before", "")
    rows = listing.newest(request.person, project=project, status=status, before=before, rows=ROWS)
    context = {"project": project, "page": rows, "status": status, "statuses": listing.STATUSES}
    return render(request, "dispatch/requests.html", context)


@require_GET
@signed_in
def request_page(request: PageRequest, project: str, name: str) -> HttpResponse:
    """`/PROJECT/requests/NAME`: its document, its due date, its history, and what may be decided."""
    found = _find(request, project, name)
    sheet = sheets.sheet(found, request.person, now=clock.now())
    return render(
        request, "dispatch/request.html", {"project": project, "sheet": sheet, "request_row": found}
    )


@require_GET
@signed_in
def history(request: PageRequest, project: str) -> HttpResponse:
    """`/PROJECT/requests-history.jsonl`: everything that happened to its requests, a line of JSON each."""
    require_view(request.person, project)
    text = histories.lines(RequestEvent.objects.part(project=project))
    response = StreamingHttpResponse(text, content_type="application/jsonl; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{project}-requests-history.jsonl"'
    return cast("HttpResponse", response)  # headers are all that is asked of it; it can be of any length


Choice = Callable[[AnalysisRequest, PageRequest], AnalysisRequest]


def decision(done: str, choose: Choice) -> Callable[..., HttpResponse]:
    """A form's address: decide, say what was done or why not, and show the request again."""

    @require_POST
    @signed_in
    def decide(request: PageRequest, project: str, name: str) -> HttpResponse:
        _find(request, project, name)
        try:
            choose(callers.find_to_decide(request.person, name), request)
        except PolyphemusError as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, gettext(done))
        return HttpResponseRedirect(reverse("request_page", args=[project, name]))

    return decide


def _cancel(found: AnalysisRequest, request: PageRequest) -> AnalysisRequest:
    return requests.cancel(found, actor=request.person.email, note=_note(request), now=clock.now())


def _help(found: AnalysisRequest, request: PageRequest) -> AnalysisRequest:
    waits, note = policies.waits(), _note(request)
    return helping.ask(found, actor=request.person.email, note=note, waits=waits, now=clock.now())


def _extend(found: AnalysisRequest, request: PageRequest) -> AnalysisRequest:
    minutes = request.POST.get("minutes", "").strip()
    seconds = estimates.seconds(minutes) * 60 if minutes else None
    return extensions.grant(found, seconds=seconds, actor=request.person.email, now=clock.now())


def _say(found: AnalysisRequest, request: PageRequest) -> AnalysisRequest:
    text = serializers.text({"text": _lines(request, "text")}, "text")
    thread.say(found, text, actor=request.person.email, side=thread.PEOPLE, now=clock.now())
    return found


say = decision(_("The analyst is told."), _say)
cancel = decision(_("Cancelled."), _cancel)
ask_help = decision(_("The analyst is asked for help."), _help)
extend = decision(_("More time is given."), _extend)


def _note(request: HttpRequest) -> str:
    return serializers.text({"note": _lines(request, "note")}, "note", default="")


def _lines(request: HttpRequest, name: str) -> str:
    """What was typed, with the line ends programs send."""
    return request.POST.get(name, "").replace("\r\n", "\n")


def _find(request: PageRequest, project: str, name: str) -> AnalysisRequest:
    found = callers.find(request.person, name)
    if found.project != project:
        raise MissingError(gettext("There is no such request."))
    return found
