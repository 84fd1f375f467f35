"""The pages of one orphan and of a project's copies."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from urllib.parse import urlsplit

from csp.constants import SELF
from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from magma.client import connect
from magma.errors import MagmaError
from orphans.filters import BundlesWanted
from orphans.models import Bundle, Orphan
from orphans.permissions import require_decide, require_look
from orphans.services import adopting, journal, showing
from orphans.services.moves import By
from orphans.states import LIVE
from orphans.views.reviews import likely_parents, orphan_for
from polyphemus_site.clock import now
from polyphemus_site.errors import MissingError, PolyphemusError
from polyphemus_site.janus.pages import PageRequest, signed_in

PAGE = 100

Page = Callable[..., HttpResponse]


def beside_magma(view: Page) -> Page:
    """Let the page's script send a person's own update to Magma, and to nobody else."""

    @wraps(view)
    def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        parts = urlsplit(settings.POLYPHEMUS_MAGMA_PUBLIC_URL)
        origins = [SELF, f"{parts.scheme}://{parts.netloc}"] if parts.netloc else [SELF]
        return cast("Page", csp_update({"connect-src": origins})(view))(request, *args, **kwargs)

    return opened


@require_http_methods(["GET", "POST"])
@beside_magma
@signed_in
def orphan(request: PageRequest, project: str, pk: int) -> HttpResponse:
    """`/PROJECT/orphans/ID`: everything about one orphan; a POST adopts it under the parent it names."""
    found = orphan_for(request.person, pk)
    if found.project != project:
        raise MissingError(_("There is no such orphan here."))
    if request.method == "POST":
        return _adopted(request, found)
    return render(request, "orphans/orphan.html", _context(request, found))


def _adopted(request: PageRequest, found: Orphan) -> HttpResponse:
    """For browsers without scripts: the review's page shows what to post."""
    require_decide(request.person, found.project)
    by = By(request.person.email, now())
    try:
        review = adopting.adopt_one(found, request.POST.get("parent", ""), magma=connect(), by=by)
    except PolyphemusError as error:
        context = _context(request, found) | {"refusal": error.message}
        return render(request, "orphans/orphan.html", context, status=error.status)
    return HttpResponseRedirect(reverse("review_page", args=[found.project, review.pk]))


def _context(request: PageRequest, found: Orphan) -> dict[str, Any]:
    may_decide = request.person.can_edit(found.project)
    before = found.items.exclude(seen=[]).order_by("-pk").first()
    context: dict[str, Any] = {
        "project": found.project,
        "orphan": found,
        "before": before,
        "may_decide": may_decide and found.status in LIVE,
        "magma": settings.POLYPHEMUS_MAGMA_PUBLIC_URL,
        "entries": journal.since_found(found),
        "lines": found.history.order_by("pk")[:100],
    }
    try:
        privileged = request.person.can_see_restricted(found.project)
        context["sight"] = showing.look(connect(), found, privileged=privileged, before=before)
        context["parents"] = likely_parents(found, request.person) if context["may_decide"] else []
    except MagmaError as error:
        context["sight"] = showing.Sight(
            trouble=_("Magma can't be asked now: %(why)s Reload the page in a while.")
            % {"why": error.message}
        )
    return context


@require_GET
@signed_in
def bundles(request: PageRequest, project: str) -> HttpResponse:
    """`/PROJECT/orphans/bundles`: every copy, with its hash and how long it is kept."""
    require_look(request.person, project)
    wanted = BundlesWanted.read(request.GET.dict() | {"project": project})
    rows = list(wanted.of(Bundle.objects.all())[: PAGE + 1])
    context = {
        "project": project,
        "bundles": rows[:PAGE],
        "next": wanted.address(before=rows[PAGE - 1].pk) if len(rows) > PAGE else "",
        "is_admin": request.person.is_admin(project),
    }
    return render(request, "orphans/bundles.html", context)
