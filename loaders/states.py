"""Every state a verdict or a suggestion can have, and every move between them, on one screen."""

from __future__ import annotations

from django.db.models import TextChoices


class Verdict(TextChoices):
    """A loader's answer for one anchor."""

    OUT_OF_SCOPE = "out_of_scope", "Out of scope"
    WAITING = "waiting", "Waiting for inputs"
    BLOCKED = "blocked", "Blocked by malformed inputs"
    DUE = "due", "Due"
    IN_PROGRESS = "in_progress", "In progress"
    FRESH = "fresh", "Fresh"
    ERROR = "error", "The loader failed"


class DueReason(TextChoices):
    """Why an anchor is due."""

    MISSING = "missing", "The output is missing"
    CHANGED = "changed", "The inputs changed since the last completed request"


class SuggestionStatus(TextChoices):
    """Where a suggestion stands."""

    OPEN = "open", "Open"
    SNOOZED = "snoozed", "Snoozed"
    ACCEPTED = "accepted", "Accepted"
    DISMISSED = "dismissed", "Dismissed for the project"
    CLOSED = "closed", "Closed by itself"

    @property
    def tone(self) -> str:
        """The colour family lists, cards and mail agree on."""
        return TONES[self]


class SuggestionEventKind(TextChoices):
    """What happened to a suggestion: one word for each kind of row in its history."""

    OPENED = "opened", "Suggested"
    REFRESHED = "refreshed", "The inputs or the loader changed"
    SNOOZED = "snoozed", "Snoozed"
    WOKEN = "woken", "Open again after a snooze"
    WAVED = "waved", "Dismissed by one person for themselves"
    DISMISSED = "dismissed", "Dismissed for the project"
    ACCEPTED = "accepted", "Accepted"
    CLOSED = "closed", "Closed by itself"


class ScanKind(TextChoices):
    """What a scan reads."""

    CHANGES = "changes", "Scan of what changed"
    FULL = "full", "Full scan"
    JOURNAL = "journal", "Judging of touched records"


TONES: dict[SuggestionStatus, str] = {
    SuggestionStatus.OPEN: "busy",
    SuggestionStatus.SNOOZED: "calm",
    SuggestionStatus.ACCEPTED: "done",
    SuggestionStatus.DISMISSED: "calm",
    SuggestionStatus.CLOSED: "done",
}

#: At most one of these an anchor and loader; the database holds it (one_open_suggestion_per_anchor).
STANDING = frozenset({SuggestionStatus.OPEN, SuggestionStatus.SNOOZED})

MOVES: dict[SuggestionStatus, frozenset[SuggestionStatus]] = {
    SuggestionStatus.OPEN: frozenset(
        {
            SuggestionStatus.SNOOZED,
            SuggestionStatus.ACCEPTED,
            SuggestionStatus.DISMISSED,
            SuggestionStatus.CLOSED,
        }
    ),
    SuggestionStatus.SNOOZED: frozenset(
        {
            SuggestionStatus.OPEN,
            SuggestionStatus.ACCEPTED,
            SuggestionStatus.DISMISSED,
            SuggestionStatus.CLOSED,
        }
    ),
    SuggestionStatus.ACCEPTED: frozenset(),
    SuggestionStatus.DISMISSED: frozenset(),
    SuggestionStatus.CLOSED: frozenset(),
}


def sources_of(target: SuggestionStatus) -> frozenset[SuggestionStatus]:
    """The statuses from which a suggestion may become `target`."""
    return frozenset(source for source, targets in MOVES.items() if target in targets)
