"""`manage.py advance_reviews`: go on with every review whose next step is due, until nothing is."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from magma.client import connect
from magma.removal.registry import adapter
from orphans.models import Review
from orphans.services import removals
from orphans.services.bundles import Tools
from polyphemus_site.clock import now


class Command(BaseCommand):
    """What the worker does by itself, for operators without one."""

    help = "Go on with every removal whose next step is due."

    def handle(self, *_: Any, **__: Any) -> None:
        """Advance each until its next step has to wait."""
        for review in Review.objects.to_advance(now=now()):
            tools = Tools(connect(), adapter(review.adapter))
            while (step := removals.advance(review.pk, tools, now=now())).more:
                pass
            review.refresh_from_db()
            self.stdout.write(f"{review}: {step.status.label}. {review.trouble}".rstrip())
