"""The one way a request changes: a conditional UPDATE, its history row and its announcement, together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.dispatch import Signal
from django.utils.translation import gettext as _

from dispatch import signals
from dispatch.errors import StaleError
from dispatch.models import AnalysisRequest, Bid, RequestEvent
from dispatch.services import notices
from dispatch.states import MOVES, BidState, EventKind, RequestStatus
from polyphemus_site.errors import MoveRefusedError

#: What a request that is open for bids looks like.
NO_HOLDER: Mapping[str, Any] = {
    "analyst": "",
    "estimate_seconds": None,
    "started_at": None,
    "due_at": None,
    "due_stage": "",
    "asked_seconds": None,
    "granted_seconds": 0,
    "help_asked_at": None,
    "wake_at": None,
    "blind_looks": 0,
}

#: Who is told of what; a kind that is not here concerns nobody outside.
SIGNALS: dict[EventKind, Signal] = {
    EventKind.SUBMITTED: signals.request_submitted,
    EventKind.AWARDED: signals.request_awarded,
    EventKind.EXTENDED: signals.request_extended,
    EventKind.ASKED: signals.extension_asked,
    EventKind.DEFERRED: signals.request_deferred,
    EventKind.HELP: signals.help_asked,
    EventKind.RESUMED: signals.request_resumed,
    EventKind.RELEASED: signals.request_released,
    EventKind.LAPSED: signals.request_released,
    EventKind.ARCHIVED: signals.request_archived,
    EventKind.CANCELLED: signals.request_cancelled,
    EventKind.VERIFIED: signals.request_verified,
    EventKind.MESSAGE: signals.message_written,
    EventKind.FLAGGED: signals.request_flagged,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change of one request; without a target the status stays."""

    kind: EventKind
    actor: str
    target: RequestStatus | None = None
    note: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    #: What else must still be so.
    only_if: Mapping[str, Any] = field(default_factory=dict)
    #: What becomes of the bid that holds the request.
    bid_becomes: BidState | None = None


def take(request: AnalysisRequest, step: Step, *, now: datetime) -> AnalysisRequest:
    """Change the request if it still is as it was read, with its history row in the same transaction.

    MoveRefusedError: the table of moves has no such move. StaleError: somebody was faster.
    """
    source = request.standing
    if step.target is not None and step.target not in MOVES[source]:
        raise refusal(request)
    target = step.target or source
    changes = {"status": target, **step.changes}
    with transaction.atomic():
        if not _as_it_was_read(request).filter(**step.only_if).update(**changes):
            raise StaleError(
                _("Request %(request)s has changed meanwhile; look at it again.") % {"request": request}
            )
        _close_bid(request, step, now=now)
        for name, value in changes.items():
            setattr(request, name, value)
        record(request, step, source=source, now=now)
    return request


def record(request: AnalysisRequest, step: Step, *, source: str, now: datetime) -> RequestEvent:
    """Add a line to the request's history and announce it after commit; the caller owns the transaction."""
    event = RequestEvent.objects.create(
        request=request,
        kind=step.kind,
        source=source,
        target=request.status,
        actor=step.actor,
        at=now,
        note=step.note,
        facts=dict(step.facts),
    )
    notices.owe(
        request,
        step.kind,
        event_id=event.pk,
        actor=step.actor,
        note=step.note,
        facts=step.facts,
        now=now,
    )
    announce(request, step.kind, event_id=event.pk)
    return event


def announce(request: AnalysisRequest, kind: EventKind, *, event_id: int) -> None:
    """Send the signal of this kind of event once the change is committed; some kinds have none."""
    signal = SIGNALS.get(kind)
    if signal is not None and signal.has_listeners(AnalysisRequest):
        send = partial(signal.send_robust, AnalysisRequest, analysis_request=request, event_id=event_id)
        transaction.on_commit(send)


def announce_by_id(request_id: int, kind: EventKind, *, event_id: int) -> None:
    """The same after a statement that read no row: it is read only when somebody listens."""
    if SIGNALS[kind].has_listeners(AnalysisRequest):
        announce(AnalysisRequest.objects.get(pk=request_id), kind, event_id=event_id)


def refusal(request: AnalysisRequest) -> MoveRefusedError:
    """Why a request can't make a move now; the code is its status."""
    code = "archived" if request.status == RequestStatus.ARCHIVED else f"is_{request.status}"
    return MoveRefusedError(
        _("Request %(request)s is “%(status)s”; that can't be done now.")
        % {"request": request, "status": _(request.standing.label)},
        code=code,
    )


def _as_it_was_read(request: AnalysisRequest) -> Any:
    """The row, if nothing that decides has changed since `request` was read."""
    return AnalysisRequest.objects.filter(
        pk=request.pk,
        status=request.status,
        award=request.award,
        due_at=request.due_at,
        due_stage=request.due_stage,
        verification=request.verification,
    )


def _close_bid(request: AnalysisRequest, step: Step, *, now: datetime) -> None:
    """Say what became of the bid that held the request, when the award ends here."""
    if step.bid_becomes is not None and request.analyst:
        held = Bid.objects.filter(request=request, state=BidState.ACCEPTED)
        held.update(state=step.bid_becomes, ended_at=now)
