"""Questions about signed calls."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models

if TYPE_CHECKING:
    from polyphemus_site.api.models import SignedCall  # noqa: F401 — for the type below


class SignedCallQuerySet(models.QuerySet["SignedCall"]):
    """Which calls."""

    def by_reason(self, *, since: datetime) -> list[tuple[str, int]]:
        """How many calls ended how since an instant; an empty reason stands for those believed."""
        rows = self.filter(at__gte=since).order_by("reason").values_list("reason")
        return [(str(reason), int(count)) for reason, count in rows.annotate(count=models.Count("id"))]
