"""What happens in the outbox."""

from __future__ import annotations

from django.dispatch import Signal

#: sent after commit, with: notice_id
notice_written = Signal()
