"""The whole life of an orphan, of its review and of its copy, on one screen."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import TextChoices
from django.utils.translation import gettext_noop as _


class OrphanStatus(TextChoices):
    """Where an orphan stands. Rows end in one of the last three; a record orphaned again is a new row."""

    OPEN = "open", _("Waiting for a decision")
    KEPT = "kept", _("Kept on purpose, until it changes")
    LATER = "later", _("Put off")
    LEAVING = "leaving", _("Removal decided")
    ADOPTED = "adopted", _("Has a parent again")
    REMOVED = "removed", _("Removed by a review")
    GONE = "gone", _("No longer to be seen")

    @property
    def tone(self) -> str:
        """Which of the look's four tones shows it."""
        return ORPHAN_TONES.get(self, "done")


ORPHAN_TONES = {OrphanStatus.OPEN: "late", OrphanStatus.LATER: "calm", OrphanStatus.LEAVING: "busy"}

ORPHAN_MOVES: Mapping[OrphanStatus, frozenset[OrphanStatus]] = {
    OrphanStatus.OPEN: frozenset(
        {
            OrphanStatus.KEPT,
            OrphanStatus.LATER,
            OrphanStatus.LEAVING,
            OrphanStatus.ADOPTED,
            OrphanStatus.GONE,
        }
    ),
    OrphanStatus.KEPT: frozenset(
        {OrphanStatus.OPEN, OrphanStatus.LATER, OrphanStatus.LEAVING, OrphanStatus.ADOPTED, OrphanStatus.GONE}
    ),
    OrphanStatus.LATER: frozenset(
        {OrphanStatus.OPEN, OrphanStatus.KEPT, OrphanStatus.LEAVING, OrphanStatus.ADOPTED, OrphanStatus.GONE}
    ),
    OrphanStatus.LEAVING: frozenset(
        {OrphanStatus.OPEN, OrphanStatus.REMOVED, OrphanStatus.ADOPTED, OrphanStatus.GONE}
    ),
    OrphanStatus.ADOPTED: frozenset(),
    OrphanStatus.REMOVED: frozenset(),
    OrphanStatus.GONE: frozenset(),
}

#: An orphan that is still one; at most one row a record stands in these.
LIVE = frozenset({OrphanStatus.OPEN, OrphanStatus.KEPT, OrphanStatus.LATER, OrphanStatus.LEAVING})


class Cause(TextChoices):
    """How the record lost its parent, as far as can be known."""

    PARENT_CLEARED = "parent_cleared", _("its parent was cleared")
    CREATED_WITHOUT_PARENT = "created_without_parent", _("it was created without a parent")
    LEFT_OUT = "left_out", _("it was left out when its parent's collection was rewritten")
    MADE_BY_LINK = "made_by_link", _("it was made by a link that named it before it existed")
    FAILED_UPDATE = "failed_update", _("it was left by a failed update")
    UNKNOWN = "unknown", _("nobody saw how it came about")


class Source(TextChoices):
    """Which of our eyes saw it first."""

    JOURNAL = "journal", _("the journal")
    SCAN = "scan", _("the scan of recent changes")
    SWEEP = "sweep", _("the full scan")
    COMMAND = "command", _("a person's command")


class Decision(TextChoices):
    """What a person may say of the orphans under review."""

    KEEP = "keep", _("Keep, until they change")
    LATER = "later", _("Decide later")
    ADOPT = "adopt", _("Adopt: give them parents")
    REMOVE = "remove", _("Remove, after a copy")
    APPROVE = "approve", _("Agree to the removal")
    REJECT = "reject", _("Refuse the removal")
    CANCEL = "cancel", _("Call it off")
    RETRY = "retry", _("Try again")


class ReviewStatus(TextChoices):
    """Where a review stands; everything after APPROVED is the removal's own way."""

    GATHERING = "gathering", _("The records are being read")
    OPEN = "open", _("Ready for a decision")
    PROPOSED = "proposed", _("Removal waits for a second person")
    APPROVED = "approved", _("Removal decided, not begun")
    REMOVING = "removing", _("Copying and removing")
    HANDED_OVER = "handed_over", _("With the database's administrator")
    STOPPED = "stopped", _("Stopped: something must be mended first")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", _("Called off")

    @property
    def tone(self) -> str:
        """Which of the look's four tones shows it."""
        return REVIEW_TONES.get(self, "busy")


REVIEW_TONES = {
    ReviewStatus.OPEN: "calm",
    ReviewStatus.STOPPED: "late",
    ReviewStatus.DONE: "done",
    ReviewStatus.CANCELLED: "done",
}

REVIEW_MOVES: Mapping[ReviewStatus, frozenset[ReviewStatus]] = {
    ReviewStatus.GATHERING: frozenset({ReviewStatus.OPEN, ReviewStatus.CANCELLED}),
    ReviewStatus.OPEN: frozenset(
        {ReviewStatus.PROPOSED, ReviewStatus.APPROVED, ReviewStatus.DONE, ReviewStatus.CANCELLED}
    ),
    ReviewStatus.PROPOSED: frozenset({ReviewStatus.APPROVED, ReviewStatus.OPEN, ReviewStatus.CANCELLED}),
    ReviewStatus.APPROVED: frozenset({ReviewStatus.REMOVING, ReviewStatus.CANCELLED}),
    ReviewStatus.REMOVING: frozenset(
        {ReviewStatus.HANDED_OVER, ReviewStatus.STOPPED, ReviewStatus.DONE, ReviewStatus.CANCELLED}
    ),
    ReviewStatus.HANDED_OVER: frozenset({ReviewStatus.DONE, ReviewStatus.CANCELLED}),
    ReviewStatus.STOPPED: frozenset({ReviewStatus.APPROVED, ReviewStatus.CANCELLED}),
    ReviewStatus.DONE: frozenset(),
    ReviewStatus.CANCELLED: frozenset(),
}

#: The person's words and the states they may be said in.
DECIDABLE: Mapping[Decision, frozenset[ReviewStatus]] = {
    Decision.KEEP: frozenset({ReviewStatus.OPEN}),
    Decision.LATER: frozenset({ReviewStatus.OPEN}),
    Decision.ADOPT: frozenset({ReviewStatus.OPEN}),
    Decision.REMOVE: frozenset({ReviewStatus.OPEN}),
    Decision.APPROVE: frozenset({ReviewStatus.PROPOSED}),
    Decision.REJECT: frozenset({ReviewStatus.PROPOSED}),
    Decision.CANCEL: frozenset(
        {
            ReviewStatus.GATHERING,
            ReviewStatus.OPEN,
            ReviewStatus.PROPOSED,
            ReviewStatus.APPROVED,
            ReviewStatus.REMOVING,
            ReviewStatus.HANDED_OVER,
            ReviewStatus.STOPPED,
        }
    ),
    Decision.RETRY: frozenset({ReviewStatus.STOPPED}),
}


class BundleStatus(TextChoices):
    """Where one copy stands. Removal reads VERIFIED and nothing else."""

    PLANNED = "planned", _("To be written")
    WRITTEN = "written", _("Written, not yet compared")
    VERIFIED = "verified", _("Read back and equal to Magma")
    SPENT = "spent", _("Every record of it is decided")


BUNDLE_MOVES: Mapping[BundleStatus, frozenset[BundleStatus]] = {
    BundleStatus.PLANNED: frozenset({BundleStatus.WRITTEN, BundleStatus.SPENT}),
    BundleStatus.WRITTEN: frozenset({BundleStatus.VERIFIED, BundleStatus.PLANNED, BundleStatus.SPENT}),
    BundleStatus.VERIFIED: frozenset({BundleStatus.SPENT, BundleStatus.PLANNED}),
    BundleStatus.SPENT: frozenset(),
}


class StrikeStatus(TextChoices):
    """One transaction in Magma's database, as our side knows it."""

    COMMITTING = "committing", "Told to commit; the outcome is asked of the database"
    COMMITTED = "committed", "Committed: the records are gone"
    ROLLED_BACK = "rolled_back", "Rolled back: nothing was removed"


STRIKE_MOVES: Mapping[StrikeStatus, frozenset[StrikeStatus]] = {
    StrikeStatus.COMMITTING: frozenset({StrikeStatus.COMMITTED, StrikeStatus.ROLLED_BACK}),
    StrikeStatus.COMMITTED: frozenset(),
    StrikeStatus.ROLLED_BACK: frozenset(),
}


class Fate(TextChoices):
    """What became of one orphan within one review."""

    PENDING = "pending", _("Not yet")
    KEPT = "kept", _("Kept")
    LATER = "later", _("Put off")
    ADOPTED = "adopted", _("To be given a parent by a person's own update")
    REMOVED = "removed", _("Removed")
    SPARED = "spared", _("Left where it is")
