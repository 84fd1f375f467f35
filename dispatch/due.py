"""What follows from a look at a request whose time has come: pure, so that every case is read here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils.translation import gettext_noop

from dispatch import estimates
from dispatch.models import AnalysisRequest
from dispatch.policies import Waits
from dispatch.states import DueStage, EventKind, Outcome, RequestStatus, Verification
from dispatch.witness import Sight


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of a request after a look; without a kind it leaves no line in its history."""

    request: AnalysisRequest
    kind: EventKind | None = None
    status: str
    due_at: datetime | None
    due_stage: str
    wake_at: datetime | None
    blind_looks: int = 0
    outcome: str
    verification: str
    ended_at: datetime | None
    note: str = ""
    seconds: float | None = None

    @property
    def ends_award(self) -> bool:
        """Whether the bid that held the request ends with this."""
        return self.kind == EventKind.ARCHIVED


VERIFICATIONS = {
    Sight.SEEN: Verification.VERIFIED,
    Sight.NOT_SEEN: Verification.UNVERIFIED,
    Sight.NO_CHECK: Verification.UNKNOWN,
}
NOTES = {
    Sight.NOT_SEEN: gettext_noop("The loader's check does not see the output."),
    Sight.NO_CHECK: gettext_noop("No loader stands behind this request: it ends by ticket."),
}


def decide(request: AnalysisRequest, sight: Sight, *, waits: Waits, now: datetime) -> Change:
    """What this sight means for a request that is running, or was archived by a ticket."""
    as_it_is = Change(
        request=request,
        status=request.status,
        due_at=request.due_at,
        due_stage=request.due_stage,
        wake_at=request.wake_at,
        outcome=request.outcome,
        verification=request.verification,
        ended_at=request.ended_at,
    )
    if sight is Sight.UNKNOWN:
        return _look_again(as_it_is, waits=waits, now=now)
    if request.status == RequestStatus.ARCHIVED:
        verification = VERIFICATIONS[sight]
        return replace(as_it_is, kind=EventKind.VERIFIED, verification=verification, wake_at=None)
    if sight is Sight.SEEN:
        return _passed(as_it_is, now=now)
    if request.due_at and request.due_at > now and request.due_stage != DueStage.GRACE:
        return replace(as_it_is, wake_at=request.due_at)  # a look ahead of time: output was seen, and is gone
    return _not_seen(as_it_is, note=NOTES[sight], waits=waits, now=now)


def _look_again(change: Change, *, waits: Waits, now: datetime) -> Change:
    """The warehouse could not be asked: nothing is held against the analyst, and the next look is later."""
    looks = change.request.blind_looks
    wait = min(waits.blind_first * 2 ** min(looks, 20), waits.blind_longest)
    return replace(change, wake_at=now + wait, blind_looks=min(looks + 1, 1000))


def _passed(change: Change, *, now: datetime) -> Change:
    return replace(
        change,
        kind=EventKind.ARCHIVED,
        status=RequestStatus.ARCHIVED,
        outcome=Outcome.PASSED,
        verification=Verification.VERIFIED,
        ended_at=now,
        wake_at=None,
    )


def _not_seen(change: Change, *, note: str, waits: Waits, now: datetime) -> Change:
    """A tenth longer; then the longer wait; then back to the requester."""
    estimate = change.request.estimate_seconds or 0
    if change.due_stage == DueStage.ESTIMATE:
        wait = estimates.tenth(estimate)
        due_at = _after(change.due_at, wait, now=now)
        return replace(
            change,
            kind=EventKind.EXTENDED,
            due_at=due_at,
            wake_at=due_at,
            due_stage=DueStage.EXTENSION,
            note=note,
            seconds=wait.total_seconds(),
        )
    if change.due_stage == DueStage.EXTENSION:
        wait = estimates.grace(estimate, percent=waits.grace_percent, minimum=waits.grace_minimum)
        wake_at = _after(change.due_at, wait, now=now)
        return replace(
            change,
            kind=EventKind.GRACE,
            wake_at=wake_at,
            due_stage=DueStage.GRACE,
            note=note,
            seconds=wait.total_seconds(),
        )
    return replace(change, kind=EventKind.DEFERRED, status=RequestStatus.DEFERRED, wake_at=None, note=note)


def _after(start: datetime | None, wait: timedelta, *, now: datetime) -> datetime:
    """So long after `start`; from now when that has passed while nobody looked (we were down, or Magma)."""
    end = (start or now) + wait
    return end if end > now else now + wait
