"""Who holds a request: asked before anything an analyst does with work that was awarded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from dispatch.models import AnalysisRequest, Bid, RequestEvent
from dispatch.scopes import Scopes
from dispatch.services import moves
from dispatch.services.moves import Step
from dispatch.states import BidState, EventKind, RequestStatus, Verb
from polyphemus_site.errors import MissingError, MoveRefusedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An analyst's word about a request it says it holds; `award` when it says which award it means."""

    name: str
    analysis: str
    analyst: str
    award: int | None = None
    key_id: str = ""


def visible(claim: Claim, *, scopes: Scopes, verb: Verb) -> AnalysisRequest:
    """The request, if the key may do that with it; MissingError when unknown or out of scope alike."""
    request = AnalysisRequest.objects.named(claim.name).first()
    if request is None or not scopes.allow(verb, project=request.project, analysis=request.analysis):
        raise MissingError(_("There is no such request."))
    if request.analysis != claim.analysis:
        raise MoveRefusedError(
            _("Request %(request)s is for another analysis.") % {"request": request}, code="wrong_analysis"
        )
    return request


def held(claim: Claim, *, scopes: Scopes, verb: Verb = Verb.BID) -> AnalysisRequest:
    """The request, if the claimant holds it now and it has not ended; MoveRefusedError says why not."""
    request = visible(claim, scopes=scopes, verb=verb)
    if not holds(request, claim):
        raise not_holding(request, claim)
    if request.status == RequestStatus.ARCHIVED:
        raise moves.refusal(request)
    return request


def holds(request: AnalysisRequest, claim: Claim) -> bool:
    """Whether the claimant is the holder, or was when the request ended."""
    return request.analyst == claim.analyst and claim.award in {None, request.award}


def held_before(request: AnalysisRequest, claim: Claim) -> bool:
    """Whether the claimant held an award of this request that ended before the request did."""
    former = Bid.objects.filter(
        request=request, analyst=claim.analyst, state__in=(BidState.RELEASED, BidState.LAPSED)
    )
    return former.exists()


def not_holding(request: AnalysisRequest, claim: Claim) -> MoveRefusedError:
    """Why the claimant can't act on the request: the award is gone, or never was."""
    if held_before(request, claim):
        return MoveRefusedError(
            _("The award of %(request)s is no longer yours; it was given back or offered to others.")
            % {"request": request},
            code="award_lost",
        )
    if request.analyst == claim.analyst:
        return MoveRefusedError(
            _("You hold %(request)s by award %(ours)s, not %(named)s.")
            % {"request": request, "ours": request.award, "named": claim.award},
            code="not_awarded",
        )
    return MoveRefusedError(
        _("Request %(request)s was not awarded to you.") % {"request": request}, code="not_awarded"
    )


def keep_late_claim(request: AnalysisRequest, claim: Claim, *, now: datetime) -> None:
    """Keep a former holder's late ticket for people to see, once; it is never acted on."""
    lines = RequestEvent.objects.filter(request=request, kind=EventKind.CLAIMED, actor=claim.analyst)
    if held_before(request, claim) and not lines.exists():
        note = gettext_noop("A former holder says the work is complete.")
        step = Step(kind=EventKind.CLAIMED, actor=claim.analyst, note=note, facts={"award": claim.award})
        moves.record(request, step, source=request.status, now=now)
