"""The pages of orphans, readable without JavaScript. A GET shows, a POST of the page's own form decides."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from orphans import access
from orphans.filters import PAGE, ItemsWanted, Wanted
from orphans.forms import said_in
from orphans.models import Orphan, Review, Search
from orphans.permissions import require_look
from orphans.serializers import item_json
from orphans.states import DECIDABLE, Cause, Decision, OrphanStatus, ReviewStatus
from orphans.views import reviews
from orphans.views.looking import beside_magma
from polyphemus_site.errors import PolyphemusError
from polyphemus_site.janus.pages import PageRequest, signed_in
from polyphemus_site.janus.people import Person

#: Items shown on a review's page: a sample, the rest is counted in groups.
SAMPLE = 25


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
        "reviews": Review.objects.filter(project=project).order_by("-pk")[:10],
        "may_decide": request.person.can_edit(project),
    }
    return render(request, "orphans/orphans.html", context)


@require_POST
@signed_in
def begin(request: PageRequest, project: str) -> HttpResponse:
    """Begin a review of the ticked orphans, or of all that the filter selects."""
    document: dict[str, Any] = {"project": project}
    document |= {
        name: request.POST[name] for name in ("model", "cause", "status", "text") if name in request.POST
    }
    if "all" not in request.POST:
        document["orphans"] = [int(pk) for pk in request.POST.getlist("orphan") if pk.isdecimal()]
    review = reviews.begin(document, request.person)
    return HttpResponseRedirect(reverse("review_page", args=[project, review.pk]))


@require_http_methods(["GET", "POST"])
@beside_magma
@signed_in
def review(request: PageRequest, project: str, pk: int) -> HttpResponse:
    """`/PROJECT/orphans/reviews/ID`: what was seen, what may be decided, what became of it."""
    found = access.review_for(request.person, pk)
    if found.project != project:
        raise access.no_such_review()
    if request.method == "POST":
        return _decided(request, found)
    return render(request, "orphans/review.html", _context(request, found))


def _decided(request: PageRequest, found: Review) -> HttpResponse:
    """Say what was decided; a refusal comes back with everything that was typed."""
    try:
        said = said_in(request.POST, is_admin=request.person.is_admin(found.project))
        reviews.carry_out(found, said, request.person)
    except PolyphemusError as error:
        found.refresh_from_db()
        context = _context(request, found) | {"refusal": error.message, "typed": request.POST}
        return render(request, "orphans/review.html", context, status=error.status)
    messages.success(request, gettext(Decision(said.decision).label))
    return HttpResponseRedirect(request.path)


def _context(request: PageRequest, found: Review) -> dict[str, Any]:
    person = request.person
    answer = reviews.review_answer(found, person)
    status = ReviewStatus(found.status)
    wanted = ItemsWanted.read(request.GET)
    return {
        "project": found.project,
        "review": found,
        "answer": answer,
        "wanted": wanted,
        **_items(found, wanted, request, answer),
        "likely": _likely(found, person) if status is ReviewStatus.OPEN else 0,
        "decisions": [one for one, states in DECIDABLE.items() if status in states],
        "may_decide": person.can_edit(found.project),
        "is_admin": person.is_admin(found.project),
        "lines": found.history.order_by("pk").filter(orphan=None)[:100],
    }


def _items(
    found: Review, wanted: ItemsWanted, request: PageRequest, answer: dict[str, Any]
) -> dict[str, Any]:
    """A sample of everything, or one part of it page by page."""
    if not wanted.narrows:
        return {"items": answer["items"][:SAMPLE]}
    rows = list(wanted.of(found.items.for_eyes(request.person, project=found.project))[: SAMPLE + 1])
    privileged = request.person.can_see_restricted(found.project)
    more = wanted.address(after=rows[SAMPLE - 1].pk) if len(rows) > SAMPLE else ""
    return {"items": [item_json(row, privileged=privileged) for row in rows[:SAMPLE]], "more": more}


def _likely(found: Review, person: Person) -> int:
    """How many could be adopted at once by their likeliest parents."""
    rows = found.items.pending().filter(proposals__0__likely=True)
    if not person.can_see_restricted(found.project):
        rows = rows.filter(proposals__0__restricted=False)
    return rows.count()
