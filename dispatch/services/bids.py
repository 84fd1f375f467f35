"""Bids: the first valid one wins, in one statement, whatever happens at the same time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.utils.translation import gettext as _

from dispatch.errors import BidRefusedError
from dispatch.models import Analysis
from dispatch.scopes import Scopes
from dispatch.services import moves
from dispatch.states import EventKind, RequestStatus, Verb
from polyphemus_site.postgresql.prepared import Row, Statement

#: What a bidder that was not awarded is told from.
LOOK_AT_REQUEST: Final = """
SELECT NULL::bigint AS event_id, r.id, r.award, r.project, r.analysis, r.status, r.analyst, r.due_at
  FROM dispatch_analysisrequest AS r
 WHERE lower(r.name) = lower({name}) AND r.name = {name}
"""
LOOK = Statement("look_at_request", LOOK_AT_REQUEST, name="text")
#: Whoever finds the row taken waits for its winner and then changes nothing: a loser writes no request, and
#: is shown the row as it was when the statement began. The status is spelled so that the index of open
#: requests can't serve: where statistics know of few, PostgreSQL would take it, and read all opened since.
CLAIM = Statement(
    "claim",
    """
WITH won AS (
  UPDATE dispatch_analysisrequest AS r
     SET status = 'running', analyst = {analyst}, award = r.award + 1, estimate_seconds = {seconds},
         started_at = {now}, due_at = {due_at}, due_stage = 'estimate', wake_at = {due_at},
         granted_seconds = 0, blind_looks = 0
   WHERE lower(r.name) = lower({name}) AND r.name = {name} AND r.analysis = {analysis}
     AND r.status || '' = 'new'
     AND ('*' = ANY ({projects}) OR r.project = ANY ({projects}))
     AND NOT EXISTS (SELECT FROM dispatch_analysis AS a WHERE a.name = r.analysis
                     AND {seconds} NOT BETWEEN a.floor_seconds AND a.ceiling_seconds)
  RETURNING r.id, r.award
), bid AS (
  INSERT INTO dispatch_bid (request_id, analyst, key_id, estimate_seconds, bid_at, state, code, award)
  SELECT id, {analyst}, {key_id}, {seconds}, {now}, 'accepted', '', award FROM won
), event AS (
  INSERT INTO dispatch_requestevent (request_id, kind, source, target, actor, at, note, facts)
  SELECT id, 'awarded', 'new', 'running', {analyst}, {now}, '',
         jsonb_build_object('award', award, 'estimate_seconds', {seconds}, 'key', {key_id})
    FROM won
  RETURNING id
)
SELECT event.id AS event_id, won.id, won.award, '', '', '', '', NULL::timestamptz FROM won, event
UNION ALL {look} AND NOT EXISTS (SELECT FROM won)
""".replace("{look}", LOOK_AT_REQUEST),
    analyst="text",
    seconds="int",
    now="timestamptz",
    due_at="timestamptz",
    name="text",
    analysis="text",
    projects="text[]",
    key_id="text",
)
#: The line that is kept of a bid that was not awarded: a crowd's bids end here.
KEEP_REFUSED = Statement(
    "keep_refused_bid",
    """
INSERT INTO dispatch_bid (request_id, analyst, key_id, estimate_seconds, bid_at, state, code)
VALUES ({request_id}, {analyst}, {key_id}, {seconds}, {now}, 'refused', {code}) RETURNING id
""",
    request_id="bigint",
    analyst="text",
    key_id="text",
    seconds="int",
    now="timestamptz",
    code="text",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A bid as it came: what for, by whom, in how many seconds."""

    name: str
    analysis: str
    analyst: str
    seconds: int
    key_id: str = ""


@dataclass(frozen=True, slots=True)
class Award:
    """What the winner gets: the request's number of awards, by which a former holder is known."""

    request_id: int
    number: int
    due_at: datetime | None
    #: Whether it was made by an earlier bid of the same analyst: perhaps of another program of theirs.
    repeated: bool = False


class Seen(NamedTuple):
    """The request as the statements show it; empty where there is none. With an event, it was awarded."""

    event_id: str = ""
    request_id: str = ""
    award: str = ""
    project: str = ""
    analysis: str = ""
    status: str = ""
    analyst: str = ""
    due_at: str = ""

    @classmethod
    def of(cls, row: Row | None) -> Seen:
        """The row a statement gave, if it gave one."""
        return cls(*(cell or "" for cell in row or ()))


def accept(offer: Offer, *, scopes: Scopes, now: datetime) -> Award:
    """Award the request to this offer, or BidRefusedError with the reason as its code.

    A holder that repeats its bid gets the same award again.
    """
    due_at = now + timedelta(seconds=offer.seconds)
    row = CLAIM.row(
        analyst=offer.analyst,
        seconds=offer.seconds,
        now=now,
        due_at=due_at,
        name=offer.name,
        analysis=offer.analysis,
        projects=scopes.projects(Verb.BID, analysis=offer.analysis),
        key_id=offer.key_id,
    )
    seen = Seen.of(row)
    if not seen.event_id:
        return _look_closer(offer, seen, scopes=scopes, now=now)
    moves.announce_by_id(int(seen.request_id), EventKind.AWARDED, event_id=int(seen.event_id))
    return Award(int(seen.request_id), int(seen.award), due_at)


def _look_closer(offer: Offer, seen: Seen, *, scopes: Scopes, now: datetime) -> Award:
    """The statement found nothing to award: give the holder its go again, anybody else the reason."""
    if seen.status == RequestStatus.NEW:  # as the statement began: somebody may have been faster by a hair
        seen = Seen.of(LOOK.row(name=offer.name))
    if not seen.request_id or not scopes.allow(Verb.BID, project=seen.project, analysis=seen.analysis):
        raise BidRefusedError(_("This key's scope covers no such request."), code="out_of_scope")
    if seen.status == RequestStatus.RUNNING and seen.analyst == offer.analyst:
        due_at = datetime.fromisoformat(seen.due_at)
        return Award(int(seen.request_id), int(seen.award), due_at, repeated=True)
    refusal = _refusal(offer, analysis=seen.analysis, status=seen.status)
    KEEP_REFUSED.row(
        request_id=int(seen.request_id),
        analyst=offer.analyst,
        key_id=offer.key_id,
        seconds=offer.seconds,
        now=now,
        code=refusal.code,
    )
    raise refusal


def _refusal(offer: Offer, *, analysis: str, status: str) -> BidRefusedError:
    named = {"request": offer.name}
    if analysis != offer.analysis:
        return BidRefusedError(
            _("Request %(request)s is for another analysis.") % named, code="wrong_analysis"
        )
    if status == RequestStatus.ARCHIVED:
        return BidRefusedError(_("Request %(request)s has ended.") % named, code="archived")
    if status == RequestStatus.RUNNING:
        return BidRefusedError(
            _("Request %(request)s was awarded to another analyst.") % named,
            code="already_awarded",
        )
    if status == RequestStatus.DEFERRED:
        return BidRefusedError(_("Request %(request)s waits for its requester.") % named, code="not_open")
    return _out_of_bounds(offer)


def _out_of_bounds(offer: Offer) -> BidRefusedError:
    """What times are taken; or that the request was taken and given back while we looked."""
    known = Analysis.objects.filter(name=offer.analysis).values("floor_seconds", "ceiling_seconds").first()
    if known is None or known["floor_seconds"] <= offer.seconds <= known["ceiling_seconds"]:
        return BidRefusedError(
            _("Request %(request)s changed in this moment; bid again.") % {"request": offer.name},
            code="not_open",
        )
    refusal = BidRefusedError(
        _("For %(analysis)s a bid's time is %(floor_seconds)s to %(ceiling_seconds)s seconds.")
        % {"analysis": offer.analysis, **known},
        code="estimate_out_of_bounds",
    )
    refusal.members |= known
    return refusal
