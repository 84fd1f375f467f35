"""`manage.py rotate_webhook ID`: a new secret for an endpoint, printed once."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dispatch.webhooks.models import Endpoint
from dispatch.webhooks.services import endpoints
from polyphemus_site import clock

MOST_HOURS = 720


def hours(text: str) -> int:
    """Whole hours, of thirty days at most."""
    if text.isascii() and text.isdigit() and int(text) <= MOST_HOURS:
        return int(text)
    raise ArgumentTypeError(f"hours are 0 to {MOST_HOURS}")


class Command(BaseCommand):
    """Until the old one ends, each event carries a signature by either."""

    help = "Give a webhook endpoint a new secret; events are signed with both for a while."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which, and for how long both."""
        parser.add_argument("id", help="the endpoint, we_...")
        parser.add_argument(
            "--keep-hours",
            type=hours,
            default=24,
            metavar="N",
            help="how long the old one goes on; 24. 0: it signs nothing any more",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Rotate it."""
        endpoint = Endpoint.objects.filter(pk=options["id"]).first()
        if endpoint is None:
            raise CommandError(f"There is no endpoint {options['id']}.")
        keep = timedelta(hours=options["keep_hours"])
        made = endpoints.rotate(
            endpoint,
            keep=keep,
            kek=settings.POLYPHEMUS_KEK,
            actor="manage.py rotate_webhook",
            now=clock.now(),
        )
        self.stdout.write(f"id     {made.endpoint.pk}\nsecret {made.secret}")
