"""Rows of the apps, made directly: the pages only read them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from dispatch.models import AnalysisRequest
from dispatch.states import DueStage, Outcome, RequestStatus
from loaders.models import Suggestion
from loaders.states import DueReason
from orphans.models import Orphan
from orphans.states import Source

HOUR = timedelta(hours=1)


def suggestion(anchor: str, *, now: datetime, project: str = "labors", **changes: Any) -> Suggestion:
    values: dict[str, Any] = {
        "project": project,
        "loader": "exome_pipe",
        "loader_version": "1",
        "analysis": "exome_pipe",
        "model": "patient",
        "anchor": anchor,
        "output_key": "o",
        "due": DueReason.MISSING,
        "reason": "The output is missing.",
        "restricted": False,
        "fingerprint": "f",
        "config": {},
        "receipt": {},
        "opened_at": now,
    }
    return Suggestion(**(values | changes))


def request(name: str, *, now: datetime, project: str = "labors", **changes: Any) -> AnalysisRequest:
    values: dict[str, Any] = {
        "name": name,
        "project": project,
        "analysis": "exome_pipe",
        "requester": "dr.who@ucsf.edu",
        "requested_at": now,
        "config": {"project": project, "inputs": ["a"]},
    }
    return AnalysisRequest(**(values | changes))


def running(name: str, *, now: datetime, **changes: Any) -> AnalysisRequest:
    awarded: dict[str, Any] = {
        "status": RequestStatus.RUNNING,
        "analyst": "saurabh.asthana@ucsf.edu",
        "award": 1,
        "estimate_seconds": 3600,
        "started_at": now,
        "due_at": now + HOUR,
        "due_stage": DueStage.ESTIMATE,
        "wake_at": now + HOUR,
    }
    return request(name, now=now, **(awarded | changes))


def ended(
    name: str, *, now: datetime, after: timedelta, outcome: Outcome = Outcome.TICKET, project: str = "labors"
) -> AnalysisRequest:
    return running(
        name,
        now=now - after,
        project=project,
        status=RequestStatus.ARCHIVED,
        ended_at=now,
        outcome=outcome,
        wake_at=None,
        due_stage="",
    )


def orphan(record: str, *, now: datetime, project: str = "labors", **changes: Any) -> Orphan:
    values: dict[str, Any] = {
        "project": project,
        "model": "sample",
        "record": record,
        "parent_attribute": "patient",
        "parent_model": "patient",
        "found_at": now,
        "found_by": Source.SCAN,
        "last_seen_at": now,
    }
    return Orphan(**(values | changes))
