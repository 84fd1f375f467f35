"""Shapes of the API's answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from orphans.models import Orphan, Search
from orphans.querysets import OrphanQuerySet
from orphans.states import Cause, OrphanStatus, Source

Json = dict[str, Any]


def instant(moment: datetime | None) -> str | None:
    """RFC 3339, UTC, whole seconds."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def orphan_json(orphan: Orphan) -> Json:
    """One orphan."""
    return {
        "id": orphan.pk,
        "project": orphan.project,
        "model": orphan.model,
        "record": orphan.record,
        "status": orphan.status,
        "status_text": OrphanStatus(orphan.status).label,
        "restricted": orphan.restricted,
        "parent_model": orphan.parent_model,
        "cause": orphan.cause,
        "cause_text": Cause(orphan.cause).label,
        "note": orphan.cause_note,
        "former_parent": orphan.former_parent or None,
        "appeared_at": instant(orphan.appeared_at),
        "appeared_by": orphan.appeared_by or None,
        "journal_entry": orphan.journal_entry,
        "found_at": instant(orphan.found_at),
        "found_by": Source(orphan.found_by).label,
        "updated_at": instant(orphan.record_updated_at),
        "reason": orphan.reason or None,
        "decided_by": orphan.decided_by or None,
        "later_until": instant(orphan.later_until),
        "new_parent": orphan.new_parent or None,
        "closed_at": instant(orphan.closed_at),
    }


def search_json(search: Search) -> Json:
    """What one search did."""
    return {
        "project": search.project,
        "models": search.models_read,
        "found": search.found,
        "reopened": search.reopened,
        "closed": search.closed,
        "started_at": instant(search.started_at),
        "finished_at": instant(search.finished_at),
        "error": search.error or None,
    }


def card_json(rows: OrphanQuerySet) -> Json | None:
    """The project's one suggestion, 'orphan data review'; none when nobody has to decide anything."""
    waiting = rows.waiting().groups()
    count = sum(int(group["count"]) for group in waiting)
    if not count:
        return None
    models: dict[str, int] = {}
    for group in waiting:
        models[str(group["model"])] = models.get(str(group["model"]), 0) + int(group["count"])
    return {"title": "Orphan data review", "count": count, "models": models}
