"""What the journal says of a model's records."""

from __future__ import annotations

from magma.journal.models import JournalEntry
from orphans.models import Orphan
from orphans.services.causes import Entry

#: Newest entries read when new orphans of a model are explained; the journal is a hint, not an archive.
MOST_ENTRIES = 500
#: Newest entries looked at for what happened to one orphan since.
MOST_SHOWN = 200


def entries_about(project: str, model: str) -> list[Entry]:
    """The newest entries that name records of the model, newest first."""
    rows = JournalEntry.objects.filter(project_name=project, documents__has_key=model).order_by("-pk")
    return [Entry(row.pk, row.user, row.received_at, row.documents or {}) for row in rows[:MOST_ENTRIES]]


def models_of(entry_id: int) -> tuple[str, list[str]]:
    """The entry's project and the models it names; none for an entry without records, or without a row."""
    row = JournalEntry.objects.filter(pk=entry_id).only("project_name", "documents").first()
    return (row.project_name, sorted(row.documents or {})) if row else ("", [])


def since_found(orphan: Orphan) -> list[tuple[JournalEntry, list[str]]]:
    """What was written to the record since it was found: each entry with the attributes it names."""
    rows = JournalEntry.objects.filter(
        project_name=orphan.project,
        received_at__gte=orphan.found_at,
        documents__has_key=orphan.model,
    ).order_by("-pk")[:MOST_SHOWN]
    named = ((row, (row.documents or {})[orphan.model].get(orphan.record)) for row in rows)
    return [(row, sorted(document)) for row, document in named if document is not None]
