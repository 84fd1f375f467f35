"""Rows for the elements to show."""

from __future__ import annotations

from datetime import datetime

from orphans.models import Orphan
from orphans.states import Source


def orphan(record: str, now: datetime) -> Orphan:
    """An orphaned sample of dt_lung."""
    return Orphan.objects.create(
        project="dt_lung",
        model="sample",
        record=record,
        parent_attribute="patient",
        parent_model="patient",
        found_at=now,
        found_by=Source.SCAN,
        last_seen_at=now,
    )
