"""Help from the analyst: what a requester may ask for when a request was deferred."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_noop

from dispatch.models import AnalysisRequest
from dispatch.policies import Waits
from dispatch.services import moves
from dispatch.services.moves import NO_HOLDER, Step
from dispatch.states import POLYPHEMUS, BidState, EventKind, RequestStatus


def ask(
    request: AnalysisRequest, *, actor: str, note: str = "", waits: Waits, now: datetime
) -> AnalysisRequest:
    """Ask the analyst of a deferred request for a new time; unanswered, it is offered to others."""
    if request.status != RequestStatus.DEFERRED:
        raise moves.refusal(request)
    until = now + waits.help_wait
    step = Step(
        kind=EventKind.HELP,
        actor=actor,
        note=note,
        changes={"help_asked_at": now, "wake_at": until},
        facts={"until": f"{until:%Y-%m-%d %H:%M} UTC", "award": request.award},
    )
    return moves.take(request, step, now=now)


def lapse(request: AnalysisRequest, *, now: datetime) -> AnalysisRequest:
    """The analyst did not answer in time: offer the work to others."""
    step = Step(
        kind=EventKind.LAPSED,
        target=RequestStatus.NEW,
        actor=POLYPHEMUS,
        note=gettext_noop("The analyst did not answer the request for help."),
        changes=NO_HOLDER,
        facts={"award": request.award},
        bid_becomes=BidState.LAPSED,
    )
    return moves.take(request, step, now=now)
