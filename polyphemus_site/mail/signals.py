"""What happens in the outbox."""

from __future__ import annotations

from django.dispatch import Signal

#: sent after commit, with: notice_id
notice_written = Signal()
#: sent before a mail of a kind that can wait, with: notice, now; answers until when a digest may tell it
notice_can_wait = Signal()
