"""What this app tells: after commit and with the id of its review, but for the last."""

from __future__ import annotations

from django.dispatch import Signal

#: sent after commit, with: review_id. Its records are too many to be read while a person waits.
large_review_created = Signal()
#: sent after commit, with: review_id. A removal has a next step.
removal_approved = Signal()
#: sent within the move's transaction, with: review, now. A removal waits for a second person.
removal_proposed = Signal()
