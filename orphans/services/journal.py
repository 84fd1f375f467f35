"""What the journal says of a model's records."""

from __future__ import annotations

from magma.journal.models import JournalEntry
from orphans.services.causes import Entry

#: Newest entries read when new orphans of a model are explained; the journal is a hint, not an archive.
MOST_ENTRIES = 500


def entries_about(project: str, model: str) -> list[Entry]:
    """The newest entries that name records of the model, newest first."""
    rows = JournalEntry.objects.filter(project_name=project, documents__has_key=model).order_by("-pk")
    return [Entry(row.pk, row.user, row.received_at, row.documents or {}) for row in rows[:MOST_ENTRIES]]


def models_of(entry_id: int) -> tuple[str, list[str]]:
    """The entry's project and the models it names; none for an entry without records, or without a row."""
    row = JournalEntry.objects.filter(pk=entry_id).only("project_name", "documents").first()
    return (row.project_name, sorted(row.documents or {})) if row else ("", [])
