"""What each kind of caller may see: analysts by their key's scopes, people by their projects."""

from __future__ import annotations

from django.utils.translation import gettext as _

from dispatch.authentication import Analyst
from dispatch.models import AnalysisRequest, Bid, RequestEvent
from dispatch.querysets import AnalysisRequestQuerySet
from dispatch.scopes import Scopes
from dispatch.services import requests
from dispatch.states import EventKind
from polyphemus_site.errors import MissingError
from polyphemus_site.janus.errors import ForbiddenError
from polyphemus_site.janus.people import Person

Caller = Analyst | Person


def visible_to(caller: Caller) -> AnalysisRequestQuerySet:
    """Every request the caller may know of."""
    if isinstance(caller, Analyst):
        return AnalysisRequest.objects.within(caller.scopes)
    if caller.sees_everything:
        return AnalysisRequest.objects.all()
    return AnalysisRequest.objects.in_projects({*caller.own_projects, *caller.open_projects()})


def horizon(caller: Caller) -> str:
    """What tells lists of callers apart who see different requests: two of the same horizon see the same."""
    if isinstance(caller, Analyst):
        return scopes_horizon(caller.scopes)
    if caller.sees_everything:
        return "everything"
    return f"projects {sorted({*caller.own_projects, *caller.open_projects()})}"


def scopes_horizon(scopes: Scopes) -> str:
    """The same, of the keys with these scopes."""
    return f"scopes {sorted((scope.project, scope.analysis) for scope in scopes)}"


def find(caller: Caller, name: str) -> AnalysisRequest:
    """The request of this name; MissingError when unknown, or not the caller's to see."""
    request = visible_to(caller).named(name).first()
    if request is None:
        raise MissingError(_("There is no such request."))
    return request


def find_to_decide(person: Person, name: str) -> AnalysisRequest:
    """The request, for its requester or an admin of its project; others who can see it are forbidden."""
    request = find(person, name)
    if person.email != request.requester and not person.is_admin(request.project):
        raise ForbiddenError(_("Only the requester and the project's admins may decide this."))
    return request


def hears(caller: Caller, request: AnalysisRequest) -> bool:
    """Whether the thread of a request is theirs to read: its people's, and whoever holds or held it."""
    if isinstance(caller, Person) or caller.email == request.analyst:
        return True
    return Bid.objects.filter(request=request, analyst=caller.email, award__isnull=False).exists()


def history_for(caller: Caller, request: AnalysisRequest) -> list[RequestEvent]:
    """What happened, less the words between a requester and somebody else's analyst."""
    events = requests.history(request)
    if not any(event.kind == EventKind.MESSAGE for event in events) or hears(caller, request):
        return events
    return [event for event in events if event.kind != EventKind.MESSAGE]
