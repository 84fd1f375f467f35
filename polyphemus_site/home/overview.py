"""What is going on in a project, as cards: the same for its front page and for the daily digest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dispatch.models import AnalysisRequest
from dispatch.states import RequestStatus
from loaders.models import Suggestion
from orphans.models import Orphan, Review
from orphans.states import ReviewStatus
from polyphemus_site.home.sight import Sight
from polyphemus_site.janus.people import Person
from polyphemus_site.janus.roles import Level


@dataclass(frozen=True, slots=True)
class Card:
    """One thing and how much of it; `needs_you` where the person can do something about it."""

    title: str
    figure: int
    says: str
    path: str
    tone: str = "calm"
    needs_you: bool = False


def overview(person: Person, project: str, sight: Sight) -> list[Card]:
    """The cards, what waits on the person first."""
    cards = [*_scans(person, project, sight), *_requests(person, project), *_removals(person, project)]
    cards += [_suggestions(person, project), *_orphans(person, project)]
    return sorted(cards, key=lambda card: not card.needs_you)


def _scans(person: Person, project: str, sight: Sight) -> Iterator[Card]:
    """Scans that are late: whoever counts on suggestions must learn that some may be missing."""
    if count := len(sight.late):
        says = ngettext(
            "scan is late: suggestions may be missing", "scans are late: suggestions may be missing", count
        )
        yield Card(
            title=_("Late"),
            figure=count,
            says=says,
            path=f"/{project}/scans",
            tone="late",
            needs_you=person.is_admin(project),
        )


def _suggestions(person: Person, project: str) -> Card:
    offered = Suggestion.objects.visible_to(person, [project]).offered_to(person.email)
    count = offered.count()
    return Card(
        title=_("Ready"),
        figure=count,
        says=ngettext("analysis is suggested", "analyses are suggested", count),
        path=f"/{project}/suggestions",
        tone="busy" if count else "calm",
        needs_you=bool(count) and person.can_edit(project),
    )


def _requests(person: Person, project: str) -> Iterator[Card]:
    theirs = Q() if person.is_admin(project) else Q(requester=person.email)
    asked = Q(status=RequestStatus.DEFERRED) | Q(status=RequestStatus.RUNNING, asked_seconds__isnull=False)
    counted = (
        AnalysisRequest.objects.in_projects([project])
        .not_archived()
        .aggregate(
            waiting=Count("pk", filter=asked & theirs),
            running=Count("pk", filter=Q(status=RequestStatus.RUNNING)),
            new=Count("pk", filter=Q(status=RequestStatus.NEW)),
        )
    )
    waiting, running, new = counted["waiting"], counted["running"], counted["new"]
    place = f"/{project}/requests"
    if waiting:
        says = ngettext("request waits for your choice", "requests wait for your choice", waiting)
        yield Card(_("Waiting on you"), waiting, says, f"{place}?status=deferred", "late", needs_you=True)
    says = ngettext("request is being worked on", "requests are being worked on", running)
    yield Card(_("Running"), running, says, f"{place}?status=running", "busy" if running else "calm")
    says = ngettext("request awaits a bid", "requests await a bid", new)
    yield Card(_("Open"), new, says, f"{place}?status=new")


def _orphans(person: Person, project: str) -> Iterator[Card]:
    """One suggestion a project, however many there are; guests don't see orphans at all."""
    if person.level_in(project) is Level.GUEST and not person.sees_everything:
        return
    count = Orphan.objects.of_project(project, onlooker=person).waiting().count()
    yield Card(
        title=_("Orphan data review"),
        figure=count,
        says=ngettext("record has lost its parent", "records have lost their parent", count),
        path=f"/{project}/orphans",
        tone="busy" if count else "calm",
        needs_you=bool(count) and person.can_edit(project),
    )


def _removals(person: Person, project: str) -> Iterator[Card]:
    """Removals that an admin may agree to; one's own proposal is for others."""
    if not person.is_admin(project):
        return
    proposed = Review.objects.filter(project=project, status=ReviewStatus.PROPOSED)
    if count := proposed.exclude(decided_by=person.email).count():
        says = ngettext("removal waits for a second person", "removals wait for a second person", count)
        yield Card(_("To agree to"), count, says, f"/{project}/orphans", "late", needs_you=True)
