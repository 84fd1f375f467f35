"""The questions asked of dispatch's rows.

Boundaries are decided here: what falls due at an instant is due then.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Lower

from dispatch.scopes import ANY, Scope, Scopes
from dispatch.states import HELD, LIVE, BidState, KeyState, RequestStatus

if TYPE_CHECKING:
    from dispatch.models import AnalysisRequest, ApiKey, Bid, RequestEvent  # noqa: F401 — named in the strings below


NO_KEY = """NOT EXISTS (
  SELECT FROM dispatch_keyscope AS s JOIN dispatch_apikey AS k ON k.id = s.key_id
   WHERE k.state IN ('active', 'retiring') AND (k.expires_at IS NULL OR k.expires_at >= %s)
     AND s.verb IN ('*', 'bid') AND s.project IN ('*', dispatch_analysisrequest.project)
     AND s.analysis IN ('*', dispatch_analysisrequest.analysis))"""

#: Open since before an instant, and none of these keys covers it.
UNPOLLED = """dispatch_analysisrequest.requested_at <= %s
  AND NOT EXISTS (SELECT FROM dispatch_requestevent AS e WHERE e.request_id = dispatch_analysisrequest.id
     AND e.target = 'new' AND e.source NOT IN ('', 'new') AND e.at > %s)
  AND NOT EXISTS (SELECT FROM dispatch_keyscope AS s WHERE s.key_id = ANY(%s)
     AND s.verb IN ('*', 'bid') AND s.project IN ('*', dispatch_analysisrequest.project)
     AND s.analysis IN ('*', dispatch_analysisrequest.analysis))"""


class AnalysisRequestQuerySet(QuerySet["AnalysisRequest"]):
    """Questions about requests."""

    def named(self, name: str) -> AnalysisRequestQuerySet:
        """The request of exactly this name, found through the case-insensitive index."""
        return self.alias(lowered=Lower("name")).filter(lowered=name.lower(), name=name)

    def names_taken(self, candidates: Iterable[str]) -> set[str]:
        """Which of these names are in use, in lower case."""
        lowered = self.annotate(lowered=Lower("name")).filter(
            lowered__in=[name.lower() for name in candidates]
        )
        return set(lowered.values_list("lowered", flat=True))

    def open_for_bids(self) -> AnalysisRequestQuerySet:
        """Requests an analyst may bid on."""
        return self.filter(status=RequestStatus.NEW)

    def not_archived(self) -> AnalysisRequestQuerySet:
        """Requests that have not ended."""
        return self.exclude(status=RequestStatus.ARCHIVED)

    def past_due(self, *, now: datetime) -> AnalysisRequestQuerySet:
        """Running requests whose due date has come."""
        return self.filter(status=RequestStatus.RUNNING, due_at__lte=now)

    def to_look_at(self, *, now: datetime) -> AnalysisRequestQuerySet:
        """Requests the sweep has something to do with, the longest waiting first."""
        return self.filter(wake_at__lte=now).order_by("wake_at", "pk")

    def unserved(self, *, now: datetime) -> AnalysisRequestQuerySet:
        """Open requests that no live key may bid on: they wait for an admin, not for an analyst."""
        no_key = RawSQL(NO_KEY, [now], output_field=BooleanField())  # noqa: S611 — our own text
        return self.open_for_bids().filter(no_key).order_by("pk")

    def unpolled(self, *, pollers: Iterable[str], since: datetime) -> AnalysisRequestQuerySet:
        """Open requests that none of these keys covers, and that were open before `since` already."""
        unasked = RawSQL(UNPOLLED, [since, since, sorted(pollers)], output_field=BooleanField())  # noqa: S611 — our own text
        return self.open_for_bids().filter(unasked).order_by("pk")

    def within(self, scopes: Scopes) -> AnalysisRequestQuerySet:
        """Requests a key's scopes cover, for whatever verb: who may work on something may see it."""
        covered = Q(pk__in=())
        for scope in scopes:
            covered |= _covered(scope)
        return self.filter(covered)

    def in_projects(self, projects: Iterable[str]) -> AnalysisRequestQuerySet:
        """Requests of these projects."""
        return self.filter(project__in=sorted(projects))


class BidQuerySet(QuerySet["Bid"]):
    """Questions about bids."""

    def ended_awards_of(self, analyst: str) -> BidQuerySet:
        """What an analyst won and holds no more, the newest first."""
        return self.ended_awards().filter(analyst=analyst)

    def ended_awards(self) -> BidQuerySet:
        """Bids that were won, and whose holder holds them no more, the newest first."""
        ends = (BidState.ENDED, BidState.RELEASED, BidState.LAPSED)
        return self.filter(award__isnull=False, state__in=ends).order_by("-pk")


class RequestEventQuerySet(QuerySet["RequestEvent"]):
    """Questions about what happened."""

    def part(
        self, *, project: str | None = None, name: str | None = None, since: datetime | None = None
    ) -> RequestEventQuerySet:
        """Of a project, of a request, from an instant on; whatever is not given cuts nothing."""
        wanted = {"request__project": project, "request__name": name, "at__gte": since}
        return self.filter(**{column: value for column, value in wanted.items() if value is not None})


def _covered(scope: Scope) -> Q:
    wanted = {"project": scope.project, "analysis": scope.analysis}
    named = {column: value for column, value in wanted.items() if value != ANY}
    return Q(**named) if named else Q(pk__isnull=False)


class ApiKeyQuerySet(QuerySet["ApiKey"]):
    """Questions about keys."""

    def live(self, *, now: datetime) -> ApiKeyQuerySet:
        """Those that are believed, or will be; one that is being replaced, until its end."""
        return self.held(now=now).filter(state__in=LIVE)

    def held(self, *, now: datetime) -> ApiKeyQuerySet:
        """The same, and those that wait to be let in: what counts where an analyst may have two."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gte=now), state__in=HELD)

    def replaced(self, *, now: datetime) -> ApiKeyQuerySet:
        """Those that have a successor, and are still believed."""
        return self.live(now=now).filter(state=KeyState.RETIRING)

    def about_to_end(self, *, now: datetime, within: timedelta) -> ApiKeyQuerySet:
        """Those that were replaced, and are believed for less than this."""
        return self.filter(state=KeyState.RETIRING, expires_at__range=(now, now + within))
