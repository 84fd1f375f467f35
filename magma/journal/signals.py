"""What the journal tells itself, after commit."""

from __future__ import annotations

from django.dispatch import Signal

#: an entry names too many records to tell the apps about while its sender waits; with: entry_id
large_entry_written = Signal()
