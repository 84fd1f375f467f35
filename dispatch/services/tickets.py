"""Completion tickets: the holder's word archives the request; whether it is seen to be true comes after."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from dispatch.models import AnalysisRequest
from dispatch.scopes import Scopes
from dispatch.services import holding, moves, notices
from dispatch.services.holding import Claim
from dispatch.states import EventKind, Outcome, RequestStatus, Verb
from polyphemus_site.errors import MoveRefusedError
from polyphemus_site.mail import outbox
from polyphemus_site.postgresql.prepared import Statement

#: `wake_at` asks the sweep to look for the output at once: the analyst does not wait for the warehouse. The
#: requester is owed the news in the same statement; an address that is none shows when it is sent.
ARCHIVE = Statement(
    "archive",
    """
WITH held AS (
  SELECT r.id, r.status FROM dispatch_analysisrequest AS r
   WHERE lower(r.name) = lower({name}) AND r.name = {name} AND r.analysis = {analysis}
     AND r.analyst = {analyst} AND r.status IN ('running', 'deferred')
     AND r.award = coalesce({award}, r.award)
     AND ('*' = ANY ({projects}) OR r.project = ANY ({projects}))
     FOR NO KEY UPDATE
), ended AS (
  UPDATE dispatch_analysisrequest AS r
     SET status = 'archived', outcome = 'ticket', ended_at = {now}, wake_at = {now}, blind_looks = 0
    FROM held WHERE r.id = held.id
  RETURNING r.id, r.award, r.due_at, r.project, r.requester, held.status AS source
), bid AS (
  UPDATE dispatch_bid AS b SET state = 'ended', ended_at = {now}
    FROM ended WHERE b.request_id = ended.id AND b.state = 'accepted'
), event AS (
  INSERT INTO dispatch_requestevent (request_id, kind, source, target, actor, at, note, facts)
  SELECT id, 'archived', source, 'archived', {analyst}, {now}, '',
         jsonb_build_object('award', award, 'outcome', 'ticket', 'late', {now} > due_at,
                            'key', {key_id})
    FROM ended
  RETURNING id, request_id
), owed AS (
  SELECT 'request_archived' AS kind, lower(btrim(ended.requester)) AS recipient, 'waiting' AS status,
         'request-event-' || event.id || '-request_archived-requester' AS key,
         {context} || jsonb_build_object('project', ended.project, 'requester', ended.requester,
                                         'path', '/' || ended.project || '/requests/' || {name}) AS context
    FROM ended JOIN event ON event.request_id = ended.id
   WHERE ended.requester <> ''
), {writing}
SELECT event.request_id, event.id, (SELECT id FROM notice) FROM event
""".replace("{writing}", outbox.NOTICE),
    name="text",
    analysis="text",
    analyst="text",
    award="int",
    projects="text[]",
    now="timestamptz",
    key_id="text",
    context="jsonb",
    undeliverable="text",
)


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
        raise MoveRefusedError(
            _("Request %(request)s was cancelled.") % {"request": request}, code="cancelled"
        )


def _archive(claim: Claim, *, scopes: Scopes, now: datetime) -> bool:
    ended = ARCHIVE.row(
        name=claim.name,
        analysis=claim.analysis,
        analyst=claim.analyst,
        award=claim.award,
        projects=scopes.projects(Verb.TICKET, analysis=claim.analysis),
        now=now,
        key_id=claim.key_id,
        context=notices.context_of_ticket(name=claim.name, analysis=claim.analysis, analyst=claim.analyst),
        undeliverable=outbox.UNDELIVERABLE,
    )
    if ended is None:
        return False
    request_id, event_id, notice_id = (int(cell or 0) for cell in ended)
    moves.announce_by_id(request_id, EventKind.ARCHIVED, event_id=event_id)
    if notice_id:
        outbox.announce(notice_id)
    return True
