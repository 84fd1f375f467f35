"""Every state a verdict or a suggestion can have, and every move between them, on one screen."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_noop as _


class Verdict(TextChoices):
    """A loader's answer for one anchor."""

    __hash__ = str.__hash__  # a scan hashes millions of them, and an enumeration's own hash is slow

    OUT_OF_SCOPE = "out_of_scope", _("Out of scope")
    WAITING = "waiting", _("Waiting for inputs")
    BLOCKED = "blocked", _("Blocked by malformed inputs")
    DUE = "due", _("Due")
    IN_PROGRESS = "in_progress", _("In progress")
    FRESH = "fresh", _("Fresh")
    ERROR = "error", _("The loader failed")


class DueReason(TextChoices):
    """Why an anchor is due."""

    MISSING = "missing", _("The output is missing")
    CHANGED = "changed", _("The inputs changed since the last completed request")


class SuggestionStatus(TextChoices):
    """Where a suggestion stands."""

    OPEN = "open", _("Open")
    SNOOZED = "snoozed", _("Snoozed")
    ACCEPTED = "accepted", _("Accepted")
    DISMISSED = "dismissed", _("Dismissed for the project")
    CLOSED = "closed", _("Closed by itself")

    @property
    def tone(self) -> str:
        """The colour family lists, cards and mail agree on."""
        return TONES[self]


class SuggestionEventKind(TextChoices):
    """What happened to a suggestion: one word for each kind of row in its history."""

    OPENED = "opened", _("Suggested")
    REFRESHED = "refreshed", _("The inputs or the loader changed")
    SNOOZED = "snoozed", _("Snoozed")
    WOKEN = "woken", _("Open again after a snooze")
    WAVED = "waved", _("Dismissed by one person for themselves")
    DISMISSED = "dismissed", _("Dismissed for the project")
    ACCEPTED = "accepted", _("Accepted")
    CLOSED = "closed", _("Closed by itself")


class ScanKind(TextChoices):
    """What a scan reads."""

    CHANGES = "changes", _("Scan of what changed")
    FULL = "full", _("Full scan")
    JOURNAL = "journal", _("Judging of touched records")


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
