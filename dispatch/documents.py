"""The published documents: the founding text's, key for key, and the second version beside it.

Dates of the first version are `YYYY-MM-DD@HH:MM` in UTC, floored: a due date shown is never later than the
one enforced. Text order is time order.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from dispatch.models import AnalysisRequest, RequestEvent
from dispatch.states import RequestStatus
from dispatch.track_records import TrackRecord
from polyphemus_site.prefix import below

V1 = "application/json"
V2 = "application/vnd.polyphemus.v2+json"

Document = dict[str, Any]


def minute(at: datetime) -> str:
    """An instant as the founding text writes it: `2016-05-04@12:22`, UTC, floored to the minute."""
    utc = at.astimezone(UTC)
    return f"{utc.year:04}-{utc:%m-%d@%H:%M}"


def exact(at: datetime | None) -> str | None:
    """An instant as RFC 3339 writes it, to the millisecond, floored: `2016-05-04T12:22:07.123Z`."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def v1(request: AnalysisRequest) -> Document:
    """The founding text's document; the parts of the award and the end only once they are true."""
    document: Document = {
        "analysis": request.analysis,
        "requester": request.requester,
        "name": request.name,
        "request-date": minute(request.requested_at),
        "status": request.status,
        "config": request.config,
    }
    if request.analyst and request.started_at and request.due_at:
        document["analyst"] = request.analyst
        document["start-date"] = minute(request.started_at)
        document["due-date"] = minute(request.due_at)
    if request.ended_at:
        document["end-date"] = minute(request.ended_at)
        document["outcome"] = request.outcome
    return document


def v2(request: AnalysisRequest) -> Document:
    """The second version: every part always there, instants exact, with links."""
    return {
        "analysis": request.analysis,
        "requester": request.requester,
        "name": request.name,
        "requested_at": exact(request.requested_at),
        "status": request.status,
        "config": request.config,
        "analyst": request.analyst or None,
        "award": request.award or None,
        "estimate_seconds": request.estimate_seconds,
        "started_at": exact(request.started_at),
        "due_at": exact(request.due_at),
        "due_stage": request.due_stage or None,
        "asked_seconds": request.asked_seconds,
        "ended_at": exact(request.ended_at),
        "outcome": request.outcome or None,
        "verification": request.verification or None,
        "flag": (request.flag if request.status == RequestStatus.NEW else "") or None,
        "links": links(request),
    }


def links(request: AnalysisRequest) -> dict[str, str]:
    """Where else this request can be met, as paths of this site."""
    return {
        "self": below(f"/api/v1/requests/{request.name}"),
        "page": below(f"/{request.project}/requests/{request.name}"),
        "messages": below(f"/api/v1/requests/{request.name}/messages"),
    }


def history(events: Iterable[RequestEvent]) -> list[Document]:
    """The timeline: who did what, when and why."""
    return [
        {
            "kind": event.kind,
            "at": exact(event.at),
            "actor": event.actor,
            "source": event.source or None,
            "target": event.target,
            "note": event.note,
            "facts": event.facts,
        }
        for event in events
    ]


def messages(events: Iterable[RequestEvent]) -> list[Document]:
    """The thread: who said what, for which side, and when."""
    return [
        {"at": exact(event.at), "from": event.actor, "side": event.facts["side"], "text": event.note}
        for event in events
    ]


def track_record(known: TrackRecord) -> Document:
    """How an analyst's earlier awards of an analysis ended, and what an estimate usually becomes."""
    return {
        "analyst": known.analyst,
        "analysis": known.analysis,
        "on_time": known.on_time,
        "late": known.late,
        "released": known.released,
        "lapsed": known.lapsed,
        "unverified": known.unverified,
        "usual_share": None if known.usual_share is None else round(known.usual_share, 3),
        "usual_seconds": known.usual_seconds,
    }


def full(
    request: AnalysisRequest, events: Iterable[RequestEvent], known: TrackRecord | None = None
) -> Document:
    """The second version with history and track record, as one request's address gives it."""
    return {
        **v2(request),
        "track_record": track_record(known) if known else None,
        "realistic_at": exact(known.realistic_at(request)) if known else None,
        "history": history(events),
    }
