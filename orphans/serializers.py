"""Shapes of the API's answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _

from orphans.models import Bundle, Orphan, Review, ReviewItem, Search
from orphans.querysets import OrphanQuerySet
from orphans.services.adoption import visible
from orphans.states import Cause, Fate, OrphanStatus, ReviewStatus, Source
from polyphemus_site.sentences import from_form, told

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
        "status_text": _(OrphanStatus(orphan.status).label),
        "restricted": orphan.restricted,
        "parent_model": orphan.parent_model,
        "cause": orphan.cause,
        "cause_text": _(Cause(orphan.cause).label),
        "note": told(orphan.cause_note),
        "former_parent": orphan.former_parent or None,
        "appeared_at": instant(orphan.appeared_at),
        "appeared_by": orphan.appeared_by or None,
        "journal_entry": orphan.journal_entry,
        "batch": orphan.batch or None,
        "found_at": instant(orphan.found_at),
        "found_by": _(Source(orphan.found_by).label),
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
        "error": told(search.error) or None,
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
    return {"title": _("Orphan data review"), "count": count, "models": models}


def review_json(review: Review) -> Json:
    """One review, without its orphans."""
    return {
        "id": review.pk,
        "project": review.project,
        "status": review.status,
        "status_text": _(ReviewStatus(review.status).label),
        "orphans": review.orphans,
        "records": review.records,
        "confirm": review.confirmation if review.status in ("open", "proposed") else None,
        "created_by": review.created_by,
        "created_at": instant(review.created_at),
        "decision": review.decision or None,
        "reason": review.reason or None,
        "decided_by": review.decided_by or None,
        "decided_at": instant(review.decided_at),
        "approved_by": review.approved_by or None,
        "trouble": told(review.trouble) or None,
        "trouble_code": review.trouble_code or None,
        "finished_at": instant(review.finished_at),
        "bundles": [bundle_json(bundle) for bundle in review.bundles.order_by("number")],
        "fates": dict(review.items.values_list("fate").annotate(count=Count("pk")).order_by("fate")),
    }


def bundle_json(bundle: Bundle) -> Json:
    """One copy."""
    return {
        "number": bundle.number,
        "status": bundle.status,
        "sha256": bundle.sha256 or None,
        "records": bundle.records,
        "size": bundle.size,
        "written_at": instant(bundle.written_at),
        "verified_at": instant(bundle.verified_at),
        "keep_until": instant(bundle.keep_until),
    }


def told_each(sentences: list[Any]) -> list[str]:
    """Kept sentences in the language of whoever asks."""
    return [told(from_form(one)) for one in sentences]


def item_json(item: ReviewItem, *, privileged: bool) -> Json:
    """One orphan under review, as it was seen."""
    closed = set() if privileged else set(item.restricted_attributes)
    return {
        "orphan": item.orphan_id,
        "model": item.orphan.model,
        "record": item.orphan.record,
        "cause": item.orphan.cause,
        "former_parent": item.orphan.former_parent or None,
        "records": item.records,
        "shape": item.shape,
        "document": {name: value for name, value in item.document.items() if name not in closed},
        "blockers": told_each(item.blockers),
        "mentions": told_each(item.mentions),
        "proposals": [
            {**one, "reasons": told_each(one["reasons"])}
            for one in visible(item.proposals, privileged=privileged)
        ],
        "batch": item.orphan.batch,
        "stands": item.orphan.status,
        "stands_text": _(OrphanStatus(item.orphan.status).label),
        "new_parent": item.orphan.new_parent or None,
        "fate": item.fate,
        "fate_text": _(Fate(item.fate).label),
        "note": told(item.fate_note) or None,
        "id": item.pk,
        "parent": item.parent or None,
    }
