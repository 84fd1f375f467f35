"""Shapes of the API's answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext

from loaders import choices
from loaders.checks import Finding
from loaders.errors import unquoting
from loaders.models import Gap, ScanCursor, ScanRun, Suggestion
from loaders.states import DueReason, SuggestionStatus, Verdict
from polyphemus_site.sentences import told

Json = dict[str, Any]


def instant(moment: datetime | None) -> str | None:
    """RFC 3339, UTC, whole seconds."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def suggestion_json(suggestion: Suggestion, alternatives: Iterable[int] = ()) -> Json:
    """One suggestion, as lists show it."""
    return {
        "id": suggestion.pk,
        "project": suggestion.project,
        "loader": suggestion.loader,
        "loader_version": suggestion.loader_version,
        "analysis": suggestion.analysis,
        "model": suggestion.model,
        "record": suggestion.anchor,
        "records": sorted(suggestion.members),
        "status": suggestion.status,
        "status_text": gettext(SuggestionStatus(suggestion.status).label),
        "due": suggestion.due,
        "due_text": gettext(DueReason(suggestion.due).label),
        "reason": told(suggestion.reason),
        "restricted": suggestion.restricted,
        "config": {"project": suggestion.project, **suggestion.config},
        "fingerprint": suggestion.fingerprint,
        "alternatives": sorted(alternatives),
        "opened_at": instant(suggestion.opened_at),
        "snoozed_until": instant(suggestion.snoozed_until),
        "ended_at": instant(suggestion.ended_at),
        "because": told(suggestion.because) or None,
        "request": suggestion.request_name or None,
    }


def whole_json(suggestion: Suggestion) -> Json:
    """One suggestion with its receipt and history."""
    events = [
        {
            "kind": event.kind,
            "from": event.source or None,
            "to": event.target,
            "by": event.actor,
            "at": instant(event.at),
            "note": told(event.note) or None,
        }
        for event in suggestion.events.all()
    ]
    return suggestion_json(suggestion, others(suggestion)) | {
        "receipt": receipt_json(suggestion.receipt),
        "events": events,
    }


def receipt_json(receipt: Json) -> Json:
    """The frozen why, its trees in words."""
    trees = {
        anchor: {question: Finding.from_json(form).as_told() for question, form in findings.items()}
        for anchor, findings in receipt.get("anchors", {}).items()
    }
    return receipt | {"anchors": trees} if trees else receipt


def others(suggestion: Suggestion) -> list[int]:
    """The standing suggestions that would make the same output of the same records."""
    rivals = Suggestion.objects.standing().filter(
        shadow=False, project=suggestion.project, anchor=suggestion.anchor, output_key=suggestion.output_key
    )
    return list(rivals.exclude(pk=suggestion.pk).values_list("pk", flat=True))


def listed_json(
    suggestions: list[Suggestion], may_request: Callable[[str], bool], *, email: str
) -> list[Json]:
    """A page of suggestions for a person, each with its alternatives there and what the person may do."""
    cards = defaultdict(list)
    for suggestion in suggestions:
        cards[card_of(suggestion)].append(suggestion)
    chosen = choices.chosen_last(suggestions, email)
    first = {choices.preselected(offers, chosen).pk for offers in cards.values()}
    return [
        suggestion_json(one, (other.pk for other in cards[card_of(one)] if other.pk != one.pk))
        | {"preselected": one.pk in first, "may_request": may_request(one.project)}
        for one in suggestions
    ]


def card_of(suggestion: Suggestion) -> tuple[str, str, str]:
    """Suggestions of one card offer the same output for the same records."""
    return suggestion.project, suggestion.anchor, suggestion.output_key


def run_json(run: ScanRun, *, cleared: bool) -> Json:
    """How one scan went; its verdicts, and what errors quote, are for those who may see restricted data."""
    said = str if cleared else unquoting
    return {
        "kind": run.kind,
        "project": run.project,
        "model": run.model,
        "started_at": instant(run.started_at),
        "ended_at": instant(run.ended_at),
        "pages": run.pages,
        "records": run.records,
        "expected": run.expected,
        "verdicts": run.verdicts if cleared else {},
        "faults": {loader: said(fault) for loader, fault in run.faults.items()},
        "error": said(run.error) or None,
        "error_code": run.error_code or None,
    }


def gap_json(gap: Gap, *, cleared: bool) -> Json:
    """One thing that is waited for, as far as whoever asks may know."""
    names = gap.anchors + (gap.restricted_anchors if cleared else [])
    return {
        "loader": gap.loader,
        "model": gap.model,
        "verdict": gap.verdict,
        "verdict_text": gettext(Verdict(gap.verdict).label),
        "what": gettext(gap.label),
        "whom": gettext(gap.whom) if gap.whom else None,
        "count": gap.count + (gap.restricted_count if cleared else 0),
        "records": sorted(names),
        "counted_at": instant(gap.counted_at),
    }


def cursor_json(cursor: ScanCursor) -> Json:
    """How far the scans have read, and how much of it the journal told."""
    return {
        "model": cursor.model,
        "disconnected": cursor.disconnected,
        "since": instant(cursor.since),
        "read_at": instant(cursor.read_at),
        "found": cursor.found,
        "missed": cursor.missed,
    }
