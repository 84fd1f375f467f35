"""Publishing requests, and the choices that end them other than by a ticket."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Q, Value
from django.db.models.functions import Least
from django.utils.translation import gettext as _

from dispatch.errors import AlreadyRequestedError, NameTakenError, NoRoomError, StaleError
from dispatch.models import AnalysisRequest, RequestEvent, Subject
from dispatch.policies import TICKET_PATIENCE
from dispatch.services import configs, moves, naming
from dispatch.services.moves import Step
from dispatch.states import POLYPHEMUS, BidState, DueStage, EventKind, Outcome, RequestStatus, Verification
from polyphemus_site.projects import decisions

#: How often to look again after somebody else was faster.
ATTEMPTS = 5


class Anchor(NamedTuple):
    """A record a request is about, and the fingerprint of what was read of it."""

    model: str
    record: str
    fingerprint: str = ""


def submit(  # noqa: PLR0913 — a published document has this many parts
    *,
    analysis: str,
    project: str,
    inputs: Sequence[Any],
    params: dict[str, Any] | None = None,
    requester: str,
    name: str | None = None,
    subjects: Iterable[tuple[str, str, str]] = (),
    loader: str = "",
    loader_version: str = "",
    about: str = "",
    now: datetime,
) -> AnalysisRequest:
    """Publish a request, open for bids, and return it.

    `subjects`: (model, record, fingerprint) of each record it is about; `about`: a digest of them, with which
    one request may be open at a time (AlreadyRequestedError). Without a name one is proposed from
    the project, the first record and the analysis. InvalidInputError: a part breaks its shape or its
    schema. NameTakenError: the given name was used before, in whatever letter case. NoRoomError: as many are
    open as the project's admins allow.
    """
    anchors = [Anchor(*subject) for subject in subjects]
    request = AnalysisRequest(
        analysis=naming.slug(analysis, field="analysis"),
        project=configs.project_name(project),
        requester=requester,
        requested_at=now,
        config=configs.clean(analysis=analysis, project=project, inputs=inputs, params=params),
        loader=loader,
        loader_version=loader_version,
        about=about,
    )
    if name is not None:
        request.name = naming.slug(name, field="name")
        return _publish(request, anchors, now=now)
    stem = naming.stem(project=project, record=anchors[0].record if anchors else "", analysis=analysis)
    return _publish_under_a_free_name(request, anchors, stem=stem, now=now)


def _publish_under_a_free_name(
    request: AnalysisRequest, anchors: Sequence[Anchor], *, stem: str, now: datetime
) -> AnalysisRequest:
    for _attempt in range(ATTEMPTS):
        with transaction.atomic():
            naming.take_turns(stem)
            request.name = naming.propose(stem)
            with suppress(NameTakenError):  # somebody gave just this name: look for the next
                return _publish(request, anchors, now=now)
    raise NameTakenError(_("No free name was found for %(stem)s; give one.") % {"stem": stem})


def _publish(request: AnalysisRequest, anchors: Sequence[Anchor], *, now: datetime) -> AnalysisRequest:
    with transaction.atomic():
        _ensure_room(request.project)
        _insert(request)
        Subject.objects.bulk_create(
            Subject(request=request, model=anchor.model, record=anchor.record, fingerprint=anchor.fingerprint)
            for anchor in dict.fromkeys(anchors)
        )
        moves.record(request, Step(kind=EventKind.SUBMITTED, actor=request.requester), source="", now=now)
    return request


def _ensure_room(project: str) -> None:
    """Refuse one more than the project's admins allow to be open at a time."""
    most = decisions.room_for_requests(project)
    if most is None:
        return
    standing = AnalysisRequest.objects.in_projects([project]).not_archived().count()
    if standing >= most:
        raise NoRoomError(
            _(
                "%(standing)s requests of %(project)s are not over yet, and its admins allow "
                "%(most)s at a time."
            )
            % {"standing": standing, "project": project, "most": most},
            limit=most,
        )


def _insert(request: AnalysisRequest) -> None:
    try:
        with transaction.atomic():  # a savepoint: an outer transaction goes on after a taken name
            request.save(force_insert=True)
    except IntegrityError as error:
        request.pk = None
        if "one_open_request_for_the_same_inputs" in str(error):
            raise _already(request) from error
        if "request_names_are_used_once" not in str(error):
            raise
        raise NameTakenError(
            _("The name %(request)s has been used; names are never used again.") % {"request": request.name}
        ) from error


def _already(request: AnalysisRequest) -> AlreadyRequestedError:
    rival = AnalysisRequest.objects.not_archived().filter(about=request.about).first()
    name = rival.name if rival else ""
    return AlreadyRequestedError(
        _("The same is asked for already: %(name)s.") % {"name": name}, request_name=name
    )


def cancel(request: AnalysisRequest, *, actor: str, note: str = "", now: datetime) -> AnalysisRequest:
    """End a request at a person's wish, at any time before it is archived."""
    step = Step(
        kind=EventKind.CANCELLED,
        target=RequestStatus.ARCHIVED,
        actor=actor,
        note=note,
        changes={"outcome": Outcome.CANCELLED, "ended_at": now, "wake_at": None},
        bid_becomes=BidState.ENDED,
    )
    return _persistently(request, step, now=now)


def note_output_seen(
    request_ids: Iterable[int], now: datetime, *, patience: timedelta = TICKET_PATIENCE
) -> list[AnalysisRequest]:
    """Take note that the output of these requests is in the warehouse, whoever loaded it; the changed ones.

    What has not ended is archived as passed; a ticket that was not verified is now. An analyst who is in
    time loads first and sends the ticket next: the sweep looks again after `patience`, so the ticket counts.
    """
    requests = AnalysisRequest.objects.filter(pk__in=list(request_ids)).order_by("pk")
    return [request for request in requests if _settle(request, patience=patience, now=now)]


def _hasten(request: AnalysisRequest, *, until: datetime) -> bool:
    """Have the sweep look by then at a request whose holder is in time; False when there is none."""
    in_time = Q(status=RequestStatus.RUNNING, due_at__gt=until) & ~Q(due_stage=DueStage.GRACE)
    held = AnalysisRequest.objects.filter(in_time, pk=request.pk, award=request.award)
    return bool(held.update(wake_at=Least("wake_at", Value(until))))


def _settle(request: AnalysisRequest, *, patience: timedelta, now: datetime) -> bool:
    """Apply the evidence to one request; False when it tells nothing new."""
    if request.status == RequestStatus.RUNNING and _hasten(request, until=now + patience):
        return False
    if request.status == RequestStatus.ARCHIVED:
        if request.outcome != Outcome.TICKET or request.verification == Verification.VERIFIED:
            return False
        step = Step(
            kind=EventKind.VERIFIED,
            actor=POLYPHEMUS,
            changes={"verification": Verification.VERIFIED, "wake_at": None},
        )
    else:
        step = passed(now=now)
    try:
        moves.take(request, step, now=now)
    except StaleError:  # whoever was faster has put it where the next evidence will find it
        return False
    return True


def passed(*, now: datetime, actor: str = POLYPHEMUS) -> Step:
    """The step that archives a request whose output was seen."""
    return Step(
        kind=EventKind.ARCHIVED,
        target=RequestStatus.ARCHIVED,
        actor=actor,
        changes={
            "outcome": Outcome.PASSED,
            "verification": Verification.VERIFIED,
            "ended_at": now,
            "wake_at": None,
        },
        facts={"outcome": Outcome.PASSED},
        bid_becomes=BidState.ENDED,
    )


def _persistently(request: AnalysisRequest, step: Step, *, now: datetime) -> AnalysisRequest:
    """A person's choice holds whatever a sweep or a bid does in the same instant: look again and retry."""
    for _attempt in range(ATTEMPTS):
        try:
            return moves.take(request, step, now=now)
        except StaleError:
            request.refresh_from_db()
    return moves.take(request, step, now=now)


def history(request: AnalysisRequest) -> list[RequestEvent]:
    """The request's events, in the order they happened."""
    return list(RequestEvent.objects.filter(request=request))
