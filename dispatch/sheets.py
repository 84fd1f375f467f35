"""One request as its page shows it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from dispatch import documents, track_records
from dispatch.configuring.knowledge import version_of_request
from dispatch.configuring.models import ConfigurationVersion
from dispatch.models import AnalysisRequest, RequestEvent
from dispatch.services import requests
from dispatch.states import EventKind, RequestStatus
from dispatch.track_records import TrackRecord
from polyphemus_site.janus.people import Person

#: What the due date's bar is divided in.
FULL = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What the page of a request needs beyond the request itself."""

    document: str
    tone: str
    #: The history less what people and the analyst said to each other.
    events: list[RequestEvent]
    thread: list[RequestEvent]
    #: How much of the time until the due date has passed, in thousandths; None when nothing runs.
    passed: int | None
    overdue: bool
    #: Open, and no analyst's key covers it.
    unserved: bool
    #: Of whoever holds it, when there is something to say; and when it is then realistically done.
    known: TrackRecord | None
    realistic_at: datetime | None
    #: The version of a configuration it was published with, if any.
    configured: ConfigurationVersion | None
    may_decide: bool
    may_ask_help: bool
    may_extend: bool
    #: Somebody holds it, or did at its end, who can be written to.
    may_write: bool


def sheet(request: AnalysisRequest, person: Person, *, now: datetime) -> Sheet:
    """The page's view of a request, for this person."""
    decides = person.email == request.requester or person.is_admin(request.project)
    open_still = decides and request.status != RequestStatus.ARCHIVED
    deferred = request.status == RequestStatus.DEFERRED
    events = requests.history(request)
    known = track_records.of_holder(request)
    runs = known and request.status == RequestStatus.RUNNING
    return Sheet(
        document=json.dumps(documents.v1(request), indent=2, ensure_ascii=False),
        tone=request.standing.tone,
        events=[event for event in events if event.kind != EventKind.MESSAGE],
        thread=[event for event in events if event.kind == EventKind.MESSAGE],
        passed=_passed(request, now=now),
        overdue=bool(request.status == RequestStatus.RUNNING and request.due_at and request.due_at <= now),
        unserved=AnalysisRequest.objects.unserved(now=now).filter(pk=request.pk).exists(),
        known=known if known and known.known else None,
        realistic_at=known.realistic_at(request) if known and runs else None,
        configured=version_of_request(request),
        may_decide=open_still,
        may_ask_help=open_still and deferred and request.help_asked_at is None,
        may_extend=open_still and request.status in {RequestStatus.RUNNING, RequestStatus.DEFERRED},
        may_write=decides and bool(request.analyst),
    )


def _passed(request: AnalysisRequest, *, now: datetime) -> int | None:
    if request.status != RequestStatus.RUNNING or request.started_at is None or request.due_at is None:
        return None
    share = (now - request.started_at) / (request.due_at - request.started_at)
    return round(FULL * min(max(share, 0), 1))
