"""What Polyphemus knows and why it says what it says: explanations, what is waited for, how scans go."""

from __future__ import annotations

from typing import ClassVar

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET
from rest_framework.request import Request
from rest_framework.response import Response

from loaders import cards, described, knowledge, registry, shadows
from loaders.errors import unquoting
from loaders.filters import project_of
from loaders.serializers import cursor_json, gap_json, run_json
from loaders.services import apart
from loaders.services.explaining import Explanation
from loaders.views.base import PersonView, person_of
from magma.client import connect
from polyphemus_site import clock
from polyphemus_site.errors import MissingError, PolyphemusError
from polyphemus_site.janus.pages import PageRequest, signed_in
from polyphemus_site.janus.people import Person
from polyphemus_site.janus.permissions import require_view
from polyphemus_site.openapi.described import Methods


def explained(person: Person, project: str, loader: str, record: str) -> Explanation:
    """Why a loader says what it says of a record; what is restricted looks unknown to lower-case roles."""
    found = apart.explain(connect(), project, loader, record, now=clock.now())
    if found.restricted and not person.can_see_restricted(project):
        raise MissingError(
            _("Magma shows no %(model)s %(record)s in %(project)s.")
            % {"model": found.model, "record": record, "project": project}
        )
    return found


class Explain(PersonView):
    """`GET /api/v1/explanations?project=&loader=&record=`: the verdict of now, with its whole tree."""

    described: ClassVar[Methods] = {"GET": described.EXPLAINING}

    def get(self, request: Request) -> Response:
        """Judged as asked; nothing is written."""
        person, project = person_of(request), project_of(request.query_params)
        require_view(person, project)
        loader, record = (request.query_params.get(word, "") for word in ("loader", "record"))
        return Response(explained(person, project, loader, record).as_told())


class Waiting(PersonView):
    """`GET /api/v1/waiting?project=`: what is waited for, and on whom."""

    described: ClassVar[Methods] = {"GET": described.WAITING}

    def get(self, request: Request) -> Response:
        """As the last full scan counted."""
        person, project = person_of(request), project_of(request.query_params)
        require_view(person, project)
        cleared = person.can_see_restricted(project)
        return Response(
            {"waiting": [gap_json(gap, cleared=cleared) for gap in knowledge.gaps_for(person, project)]}
        )


class Scans(PersonView):
    """`GET /api/v1/scans?project=`: how complete our view of a project is."""

    described: ClassVar[Methods] = {"GET": described.SCANNING}

    def get(self, request: Request) -> Response:
        """Cursors, full scans, what failed, what the journal missed."""
        person, project = person_of(request), project_of(request.query_params)
        require_view(person, project)
        known, cleared = knowledge.of(project, now=clock.now()), person.can_see_restricted(project)
        return Response(
            {
                "found": known.found,
                "missed": known.missed,
                "late": known.late,
                "cursors": [cursor_json(cursor) for cursor in known.cursors],
                "full": [run_json(run, cleared=cleared) for run in known.full],
                "running": [run_json(run, cleared=cleared) for run in known.running],
                "failing": [run_json(run, cleared=cleared) for run in known.failing],
            }
        )


@require_GET
@signed_in
def explain_page(request: PageRequest, project: str) -> HttpResponse:
    """`/PROJECT/explain?loader=&record=`: ask about any record and loader."""
    require_view(request.person, project)
    loader, record = (request.GET.get(word, "") for word in ("loader", "record"))
    names = sorted(one.name for one in registry.current())
    context: dict[str, object] = {"project": project, "loaders": names, "loader": loader, "record": record}
    if loader and record:
        context |= _answered(request.person, project, loader, record)
    return render(request, "loaders/explain.html", context)


def _answered(person: Person, project: str, loader: str, record: str) -> dict[str, object]:
    try:
        found = explained(person, project, loader, record)
    except PolyphemusError as error:
        return {"refusal": error.message}
    return {"found": found, "questions": cards.asked(found.findings)}


@require_GET
@signed_in
def waiting_page(request: PageRequest, project: str) -> HttpResponse:
    """`/PROJECT/waiting`: everything that is waiting or blocked, by what it lacks and who brings that."""
    require_view(request.person, project)
    cleared = request.person.can_see_restricted(project)
    known = knowledge.gaps_for(request.person, project)
    gaps = [gap_json(gap, cleared=cleared) | {"counted_at": gap.counted_at} for gap in known]
    gaps.sort(key=lambda gap: (not gap["whom"], gap["whom"] or ""))
    return render(request, "loaders/waiting.html", {"project": project, "gaps": gaps})


@require_GET
@signed_in
def shadows_page(request: PageRequest, project: str) -> HttpResponse:
    """`/PROJECT/shadows`: what loaders that are only tried out would change."""
    require_view(request.person, project)
    context = {"project": project, "comparisons": list(shadows.compared(request.person, project))}
    return render(request, "loaders/shadows.html", context)


@require_GET
@signed_in
def scans_page(request: PageRequest, project: str) -> HttpResponse:
    """`/PROJECT/scans`: how complete our view is."""
    require_view(request.person, project)
    now, cleared = clock.now(), request.person.can_see_restricted(project)
    known = knowledge.of(project, now=now)
    progress = [
        {
            "run": run,
            "rate": knowledge.rate_of(run, now=now),
            "left": knowledge.left_of(run, now=now),
            "verdicts": knowledge.concluded(run) if cleared else "",
        }
        for run in known.running
    ]
    failing = [(run, run.error if cleared else unquoting(run.error)) for run in known.failing]
    context = {"project": project, "known": known, "progress": progress, "failing": failing}
    return render(request, "loaders/scans.html", context)
