"""The pages that show the whole: the list of projects, and each project's front page."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from polyphemus_site import clock
from polyphemus_site.errors import InvalidInputError
from polyphemus_site.home import readers
from polyphemus_site.home.charts import throughput_chart
from polyphemus_site.home.overview import overview
from polyphemus_site.home.projects import visible_projects
from polyphemus_site.home.sight import sight_of
from polyphemus_site.home.throughput import throughput
from polyphemus_site.janus.admin_site import may_enter
from polyphemus_site.janus.directory import known_projects
from polyphemus_site.janus.pages import PageRequest, signed_in
from polyphemus_site.janus.permissions import require_view

LAST_HOUR = 23


@require_safe
@signed_in
def home(request: PageRequest) -> HttpResponse:
    """The projects the visitor may see."""
    person = request.person
    projects = visible_projects(
        person, listed=known_projects(person.token), watched=settings.POLYPHEMUS_PROJECTS
    )
    context = {"projects": projects, "may_enter_admin": may_enter(person)}
    return render(request, "polyphemus/home.html", context)


@require_safe
@signed_in
def project_home(request: PageRequest, project: str) -> HttpResponse:
    """One project's front page."""
    person, now = request.person, clock.now()
    require_view(person, project)
    weeks = throughput(project, now=now)
    is_busy = any(week.done or week.cancelled for week in weeks)
    sight = sight_of(person, project, now=now)
    context = {"project": project, "cards": overview(person, project, sight), "sight": sight}
    drawn = {"weeks": weeks, "chart": throughput_chart(weeks) if is_busy else ""}
    context |= drawn | {"digest": readers.offer(person, project, now=now)}
    context |= {"is_admin": person.is_admin(project)}
    return render(request, "polyphemus/project.html", context)


@require_POST
@signed_in
def project_digest(request: PageRequest, project: str) -> HttpResponse:
    """Start, move or stop the visitor's daily digest of this project."""
    require_view(request.person, project)
    if request.POST.get("wanted") == "yes":
        readers.subscribe(request.person, project, hour=_hour(request), now=clock.now())
        messages.success(request, _("You will get a digest every day on which something needs you."))
    else:
        readers.stop(request.person, project, now=clock.now())
        messages.success(request, _("You will get no more digests of this project."))
    return HttpResponseRedirect(reverse("project", args=[project]))


def _hour(request: PageRequest) -> int:
    text = request.POST.get("hour", "")
    if not (text.isascii() and text.isdigit() and len(text) <= 2 and int(text) <= LAST_HOUR):  # noqa: PLR2004 — two digits
        raise InvalidInputError(_("Give an hour from 0 to 23."), code="invalid_hour")
    return int(text)
