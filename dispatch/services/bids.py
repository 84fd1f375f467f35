"""Bids: the first valid one wins, in one statement, whatever happens at the same time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _

from dispatch.errors import BidRefusedError
from dispatch.models import Analysis
from dispatch.scopes import Scopes
from dispatch.services import moves
from dispatch.states import EventKind, RequestStatus, Verb
from polyphemus_site.postgresql.prepared import Statement

#: Whoever finds the row taken waits for its winner and then changes nothing: a loser writes no request.
CLAIM = Statement(
    "claim",
    """
WITH won AS (
  UPDATE dispatch_analysisrequest AS r
     SET status = 'running', analyst = {analyst}, award = r.award + 1, estimate_seconds = {seconds},
         started_at = {now}, due_at = {due_at}, due_stage = 'estimate', wake_at = {due_at},
         granted_seconds = 0, blind_looks = 0
   WHERE lower(r.name) = lower({name}) AND r.name = {name} AND r.analysis = {analysis}
     AND r.status = 'new'
     AND ('*' = ANY ({projects}) OR r.project = ANY ({projects}))
     AND NOT EXISTS (SELECT FROM dispatch_analysis AS a WHERE a.name = r.analysis
                     AND {seconds} NOT BETWEEN a.floor_seconds AND a.ceiling_seconds)
  RETURNING r.id, r.award
), bid AS (
  INSERT INTO dispatch_bid (request_id, analyst, key_id, estimate_seconds, bid_at, state, code, award)
  SELECT id, {analyst}, {key_id}, {seconds}, {now}, 'accepted', '', award FROM won
)
INSERT INTO dispatch_requestevent (request_id, kind, source, target, actor, at, note, facts)
SELECT id, 'awarded', 'new', 'running', {analyst}, {now}, '',
       jsonb_build_object('award', award, 'estimate_seconds', {seconds}, 'key', {key_id})
  FROM won
RETURNING request_id, facts ->> 'award', id
""",
    analyst="text",
    seconds="int",
    now="timestamptz",
    due_at="timestamptz",
    name="text",
    analysis="text",
    projects="text[]",
    key_id="text",
)

#: What a bidder that was not awarded is told from, and the line that is kept of it: a crowd's bids end here.
LOOK = Statement(
    "look_at_request",
    """
SELECT id, project, analysis, status, analyst, award, due_at FROM dispatch_analysisrequest
 WHERE lower(name) = lower({name}) AND name = {name}
""",
    name="text",
)
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
NOTHING: Final = ("",) * 7


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


def accept(offer: Offer, *, scopes: Scopes, now: datetime) -> Award:
    """Award the request to this offer, or BidRefusedError with the reason as its code.

    A holder that repeats its bid gets the same award again.
    """
    return _claim(offer, scopes=scopes, now=now) or _look_closer(offer, scopes=scopes, now=now)


def _claim(offer: Offer, *, scopes: Scopes, now: datetime) -> Award | None:
    due_at = now + timedelta(seconds=offer.seconds)
    won = CLAIM.row(
        analyst=offer.analyst,
        seconds=offer.seconds,
        now=now,
        due_at=due_at,
        name=offer.name,
        analysis=offer.analysis,
        projects=scopes.projects(Verb.BID, analysis=offer.analysis),
        key_id=offer.key_id,
    )
    if won is None:
        return None
    request_id, number, event_id = map(int, filter(None, won))
    moves.announce_by_id(request_id, EventKind.AWARDED, event_id=event_id)
    return Award(request_id, number, due_at)


def _look_closer(offer: Offer, *, scopes: Scopes, now: datetime) -> Award:
    """The statement found nothing to award: give the holder its go again, anybody else the reason."""
    seen = [cell or "" for cell in LOOK.row(name=offer.name) or NOTHING]
    request_id, project, analysis, status, analyst, award, due_at = seen
    if not request_id or not scopes.allow(Verb.BID, project=project, analysis=analysis):
        raise BidRefusedError(_("This key's scope covers no such request."), code="out_of_scope")
    if status == RequestStatus.RUNNING and analyst == offer.analyst:
        return Award(int(request_id), int(award), datetime.fromisoformat(due_at))
    refusal = _refusal(offer, analysis=analysis, status=status)
    KEEP_REFUSED.row(
        request_id=int(request_id),
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
