"""More time, and work given back: what a holder may do besides finishing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from dispatch.models import LONGEST_ESTIMATE, Analysis, AnalysisRequest
from dispatch.scopes import Scopes
from dispatch.services import holding, moves
from dispatch.services.holding import Claim
from dispatch.services.moves import NO_HOLDER, Step
from dispatch.states import BidState, DueStage, EventKind, RequestStatus
from polyphemus_site.errors import MoveRefusedError

DEFAULT_PERCENT = 50


def ask(claim: Claim, *, seconds: int, scopes: Scopes, now: datetime) -> AnalysisRequest:
    """The holder asks for more time.

    Asked for help, the holder's answer counts at once, up to what a bid may name: the request runs again.
    Before the due date what the analysis's policy allows is given at once. Anything else waits for the
    requester (`asked_seconds`).
    """
    request = holding.held(claim, scopes=scopes)
    if request.status == RequestStatus.DEFERRED:
        return _answer(request, seconds=seconds, actor=claim.analyst, now=now)
    if _given_on_asking(request, seconds=seconds, now=now):
        return _extend(request, seconds=seconds, actor=claim.analyst, granted=True, now=now)
    return _put_to_the_requester(request, seconds=seconds, actor=claim.analyst, now=now)


def grant(
    request: AnalysisRequest, *, seconds: int | None = None, actor: str, now: datetime
) -> AnalysisRequest:
    """The requester gives more time, by default what the analyst asked for.

    A running request's due date moves; a deferred one runs again, due that much later than now.
    """
    length = seconds or request.asked_seconds
    if length is None:
        raise MoveRefusedError(
            _("Say how much time: the analyst has not asked for any."), code="time_missing"
        )
    if request.status == RequestStatus.RUNNING:
        return _extend(request, seconds=length, actor=actor, granted=False, now=now)
    if request.status == RequestStatus.DEFERRED:
        return _resume(request, seconds=length, actor=actor, now=now)
    raise moves.refusal(request)


def release(claim: Claim, *, reason: str, scopes: Scopes, now: datetime) -> AnalysisRequest:
    """The holder gives the work back with a reason; the request is open for bids again."""
    request = holding.held(claim, scopes=scopes)
    step = Step(
        kind=EventKind.RELEASED,
        target=RequestStatus.NEW,
        actor=claim.analyst,
        note=reason,
        changes=NO_HOLDER,
        facts={"award": request.award},
        bid_becomes=BidState.RELEASED,
    )
    return moves.take(request, step, now=now)


def _given_on_asking(request: AnalysisRequest, *, seconds: int, now: datetime) -> bool:
    if request.due_stage != DueStage.ESTIMATE or request.due_at is None or now >= request.due_at:
        return False
    known = Analysis.objects.filter(name=request.analysis).values_list("extension_percent", flat=True).first()
    percent = DEFAULT_PERCENT if known is None else known
    allowance = (request.estimate_seconds or 0) * percent / 100
    return request.granted_seconds + seconds <= allowance


def _extend(
    request: AnalysisRequest, *, seconds: int, actor: str, granted: bool, now: datetime
) -> AnalysisRequest:
    """Move the due date of a running request, from where it is, or from now when it has passed."""
    if request.due_at is None:
        raise moves.refusal(request)
    due_at = _not_too_far(request, max(request.due_at, now) + timedelta(seconds=seconds), now=now)
    stage = DueStage.EXTENSION if request.due_stage == DueStage.GRACE else request.due_stage
    changes = {
        "due_at": due_at,
        "wake_at": due_at,
        "due_stage": stage,
        "asked_seconds": None,
        "blind_looks": 0,
    }
    if granted:
        changes["granted_seconds"] = request.granted_seconds + seconds
    facts = {"seconds": seconds, "award": request.award}
    step = Step(kind=EventKind.EXTENDED, actor=actor, changes=changes, facts=facts)
    return moves.take(request, step, now=now)


def _ceiling(request: AnalysisRequest) -> int:
    known = Analysis.objects.filter(name=request.analysis).values_list("ceiling_seconds", flat=True).first()
    return LONGEST_ESTIMATE if known is None else known


def _not_too_far(request: AnalysisRequest, due_at: datetime, *, now: datetime) -> datetime:
    """The due date, unless more time was put on more time until it lies beyond any estimate."""
    if due_at - now > timedelta(seconds=LONGEST_ESTIMATE):
        raise MoveRefusedError(
            _("The due date of %(request)s would lie more than three years ahead.") % {"request": request},
            code="too_far_ahead",
        )
    return due_at


def _put_to_the_requester(
    request: AnalysisRequest, *, seconds: int, actor: str, now: datetime
) -> AnalysisRequest:
    """Keep the wish. One that answers a call for help ends its wait: the requester's word is next."""
    changes: dict[str, Any] = {"asked_seconds": seconds}
    if request.help_asked_at is not None:
        changes |= {"help_asked_at": None, "wake_at": None}
    elif request.asked_seconds == seconds:
        return request
    facts = {"seconds": seconds, "award": request.award}
    step = Step(kind=EventKind.ASKED, actor=actor, changes=changes, facts=facts)
    return moves.take(request, step, now=now)


def _answer(request: AnalysisRequest, *, seconds: int, actor: str, now: datetime) -> AnalysisRequest:
    if request.help_asked_at is None or seconds > _ceiling(request):
        return _put_to_the_requester(request, seconds=seconds, actor=actor, now=now)
    return _resume(request, seconds=seconds, actor=actor, now=now)


def _resume(request: AnalysisRequest, *, seconds: int, actor: str, now: datetime) -> AnalysisRequest:
    """A deferred request runs again, on a new estimate with its own tenth and grace."""
    due_at = now + timedelta(seconds=seconds)
    changes = {
        "due_at": due_at,
        "wake_at": due_at,
        "due_stage": DueStage.ESTIMATE,
        "estimate_seconds": seconds,
        "asked_seconds": None,
        "granted_seconds": 0,
        "help_asked_at": None,
        "blind_looks": 0,
    }
    facts = {"seconds": seconds, "award": request.award}
    step = Step(
        kind=EventKind.RESUMED, target=RequestStatus.RUNNING, actor=actor, changes=changes, facts=facts
    )
    return moves.take(request, step, now=now)
