"""What this app tells, always after commit. Each is sent with the id of its review."""

from __future__ import annotations

from django.dispatch import Signal

#: sent after commit, with: review_id. Its records are too many to be read while a person waits.
large_review_created = Signal()
#: sent after commit, with: review_id. A removal has a next step.
removal_approved = Signal()
