"""Completion tickets: the holder's word archives the request; whether it is seen to be true comes after."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from dispatch.models import AnalysisRequest
from dispatch.scopes import Scopes
from dispatch.services import holding, moves, notices
from dispatch.services.holding import Claim
from dispatch.states import EventKind, Outcome, RequestStatus, Verb
from polyphemus_site.errors import MoveRefusedError

#: `wake_at` asks the sweep to look for the output at once: the analyst does not wait for the warehouse.
ARCHIVE = """
WITH held AS (
  SELECT r.id, r.status FROM dispatch_analysisrequest AS r
   WHERE lower(r.name) = lower(%(name)s) AND r.name = %(name)s AND r.analysis = %(analysis)s
     AND r.analyst = %(analyst)s AND r.status IN ('running', 'deferred')
     AND r.award = coalesce(%(award)s, r.award)
     AND EXISTS (SELECT FROM unnest(%(projects)s::text[], %(analyses)s::text[]) AS s (project, analysis)
                  WHERE s.project IN ('*', r.project) AND s.analysis IN ('*', r.analysis))
     FOR NO KEY UPDATE
), ended AS (
  UPDATE dispatch_analysisrequest AS r
     SET status = 'archived', outcome = 'ticket', ended_at = %(now)s, wake_at = %(now)s, blind_looks = 0
    FROM held WHERE r.id = held.id
  RETURNING r.id, r.award, r.due_at, held.status AS source
), bid AS (
  UPDATE dispatch_bid AS b SET state = 'ended', ended_at = %(now)s
    FROM ended WHERE b.request_id = ended.id AND b.state = 'accepted'
), event AS (
  INSERT INTO dispatch_requestevent (request_id, kind, source, target, actor, at, note, facts)
  SELECT id, 'archived', source, 'archived', %(analyst)s, %(now)s, '',
         jsonb_build_object('award', award, 'outcome', 'ticket', 'late', %(now)s > due_at,
                            'key', %(key_id)s::text)
    FROM ended
  RETURNING id, request_id
)
SELECT ended.id, event.id FROM ended JOIN event ON event.request_id = ended.id
"""


def submit(claim: Claim, *, scopes: Scopes, now: datetime) -> None:
    """Archive the request on its holder's word.

    The same ticket again is answered alike and writes nothing. MissingError: unknown, or out of scope.
    MoveRefusedError: not the holder (a former holder's claim is kept for people), or cancelled.
    """
    if _archive(claim, scopes=scopes, now=now):
        return
    request = holding.visible(claim, scopes=scopes, verb=Verb.TICKET)
    if not holding.holds(request, claim):
        holding.keep_late_claim(request, claim, now=now)
        raise holding.not_holding(request, claim)
    _accept_replay(request)


def _accept_replay(request: AnalysisRequest) -> None:
    if request.status != RequestStatus.ARCHIVED:
        raise moves.refusal(request)
    if request.outcome == Outcome.CANCELLED:
        raise MoveRefusedError(f"Request {request} was cancelled.", code="cancelled")


def _archive(claim: Claim, *, scopes: Scopes, now: datetime) -> bool:
    projects, analyses = scopes.pairs(Verb.TICKET)
    values = {
        "name": claim.name,
        "analysis": claim.analysis,
        "analyst": claim.analyst,
        "award": claim.award,
        "key_id": claim.key_id,
        "now": now,
        "projects": projects,
        "analyses": analyses,
    }
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(ARCHIVE, values)
            ended = cursor.fetchone()
        if ended is None:
            return False
        request_id, event_id = ended
        request = AnalysisRequest.objects.get(pk=request_id)
        notices.owe(request, EventKind.ARCHIVED, event_id=event_id, now=now)
        moves.announce(request, EventKind.ARCHIVED, event_id=event_id)
    return True
