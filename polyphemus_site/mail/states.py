"""Where a notice stands, and the moves it may make."""

from __future__ import annotations

from django.db.models import TextChoices

TONES = {
    "waiting": "calm",
    "held": "calm",
    "sending": "busy",
    "sent": "done",
    "told": "done",
    "failed": "late",
    "withheld": "calm",
}


class NoticeStatus(TextChoices):
    """Where a notice stands."""

    WAITING = "waiting", "Waiting to be sent"
    HELD = "held", "Held until its recipient's time"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Handed to the mail server"
    TOLD = "told", "Told in the daily digest"
    FAILED = "failed", "Given up"
    WITHHELD = "withheld", "Not wanted by its recipient"

    @property
    def tone(self) -> str:
        """How a page colours it."""
        return TONES[self.value]


#: `due_at` means: for one that waits or is held, when to try; for one being sent, when its sender is dead.
OWED = frozenset({NoticeStatus.WAITING, NoticeStatus.HELD, NoticeStatus.SENDING})
#: What a digest may tell in place of a mail of its own.
UNCLAIMED = OWED - {NoticeStatus.SENDING}

MOVES: dict[NoticeStatus, frozenset[NoticeStatus]] = {
    NoticeStatus.WAITING: frozenset({NoticeStatus.SENDING, NoticeStatus.TOLD}),
    NoticeStatus.HELD: frozenset({NoticeStatus.SENDING, NoticeStatus.TOLD}),
    NoticeStatus.SENDING: frozenset(
        {
            NoticeStatus.SENDING,
            NoticeStatus.SENT,
            NoticeStatus.WAITING,
            NoticeStatus.HELD,
            NoticeStatus.FAILED,
            NoticeStatus.WITHHELD,
        }
    ),
    NoticeStatus.SENT: frozenset(),
    NoticeStatus.TOLD: frozenset(),
    NoticeStatus.WITHHELD: frozenset(),
    NoticeStatus.FAILED: frozenset({NoticeStatus.WAITING}),
}
