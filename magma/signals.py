"""What the warehouse's side tells the apps, always after commit."""

from __future__ import annotations

from django.dispatch import Signal

#: sent after commit, with: entry_id, project_name. At least once an entry: receivers are idempotent.
journal_entry_written = Signal()
