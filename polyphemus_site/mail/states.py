"""Where a notice stands, and the moves it may make."""

from __future__ import annotations

from django.db.models import TextChoices

TONES = {"waiting": "calm", "sending": "busy", "sent": "done", "failed": "late", "withheld": "calm"}


class NoticeStatus(TextChoices):
    """Where a notice stands."""

    WAITING = "waiting", "Waiting to be sent"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Handed to the mail server"
    FAILED = "failed", "Given up"
    WITHHELD = "withheld", "Not wanted by its recipient"

    @property
    def tone(self) -> str:
        """How a page colours it."""
        return TONES[self.value]


#: `due_at` means: for a waiting notice, when to try; for one being sent, when its sender counts as dead.
OWED = frozenset({NoticeStatus.WAITING, NoticeStatus.SENDING})

MOVES: dict[NoticeStatus, frozenset[NoticeStatus]] = {
    NoticeStatus.WAITING: frozenset({NoticeStatus.SENDING}),
    NoticeStatus.SENDING: frozenset(
        {
            NoticeStatus.SENDING,
            NoticeStatus.SENT,
            NoticeStatus.WAITING,
            NoticeStatus.FAILED,
            NoticeStatus.WITHHELD,
        }
    ),
    NoticeStatus.SENT: frozenset(),
    NoticeStatus.WITHHELD: frozenset(),
    NoticeStatus.FAILED: frozenset({NoticeStatus.WAITING}),
}
