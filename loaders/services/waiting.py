"""What a full scan found to be waited for, kept until the next."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from loaders.gaps import Gaps
from loaders.models import Gap


def keep(project: str, model: str, gaps: Gaps, *, now: datetime) -> int:
    """Replace what was known of a model's gaps; how many there are now."""
    rows = [
        Gap(
            project=project,
            model=model,
            loader=what.loader,
            verdict=what.verdict,
            label=what.label,
            whom=what.whom,
            restricted_loader=count.restricted_loader,
            count=count.count,
            restricted_count=count.restricted,
            anchors=count.anchors,
            restricted_anchors=count.restricted_anchors,
            counted_at=now,
        )
        for what, count in gaps.items()
    ]
    with transaction.atomic():
        Gap.objects.filter(project=project, model=model).delete()
        Gap.objects.bulk_create(rows)
    return len(rows)
