"""The rows: orphans, reviews with their items, copies, strikes, the audit."""

from __future__ import annotations

from orphans.models.audit import AuditEntry
from orphans.models.bundles import Bundle, Strike
from orphans.models.orphans import Orphan, OrphanCursor, Search
from orphans.models.reviews import Review, ReviewItem

__all__ = ["AuditEntry", "Bundle", "Orphan", "OrphanCursor", "Review", "ReviewItem", "Search", "Strike"]
