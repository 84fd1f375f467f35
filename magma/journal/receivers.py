"""What the journal does when it tells itself: leaves it to a worker."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from magma.journal.signals import large_entry_written
from magma.journal.tasks import tell_again


@receiver(large_entry_written, dispatch_uid="journal.tell_later")
def tell_later(**_: Any) -> None:
    """A worker tells the apps; if none can be asked, beat's next order finds the entry."""
    tell_again.delay()
