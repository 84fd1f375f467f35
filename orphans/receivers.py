"""What others tell, and what we tell ourselves after a commit, turned into tasks."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from magma.signals import journal_entry_written
from orphans import tasks
from orphans.signals import large_review_created, removal_approved


@receiver(journal_entry_written, dispatch_uid="orphans.look_after_journal_entry")
def look_after_journal_entry(sender: Any, *, entry_id: int, **_: Any) -> None:
    """An update may have left orphans behind, or ended some."""
    del sender
    tasks.search_after_entry.delay(entry_id)


@receiver(large_review_created, dispatch_uid="orphans.gather_large_review")
def gather_large_review(sender: Any, *, review_id: int, **_: Any) -> None:
    """A worker reads what a request has no time for."""
    del sender
    tasks.gather_review.delay(review_id)


@receiver(removal_approved, dispatch_uid="orphans.begin_removal")
def begin_removal(sender: Any, *, review_id: int, **_: Any) -> None:
    """The decision is made: begin."""
    del sender
    tasks.advance_review.delay(review_id)
