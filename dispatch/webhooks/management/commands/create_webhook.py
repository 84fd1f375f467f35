"""`manage.py create_webhook OWNER URL`: an endpoint, with its secret printed once."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dispatch.webhooks.services import endpoints
from polyphemus_site import clock
from polyphemus_site.errors import PolyphemusError


class Command(BaseCommand):
    """Prints id and secret, a word each before them."""

    help = "Tell somebody's program of what concerns them, by Standard Webhooks; the secret is printed once."

    def add_arguments(self, parser: CommandParser) -> None:
        """Who, where, and of what."""
        parser.add_argument("owner", help="whose events: a requester's or an analyst's mail address")
        parser.add_argument("url", help="where to post them, https://...")
        parser.add_argument("--type", action="append", default=[], help="only this type of event; repeatable")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Make it."""
        try:
            made = endpoints.create(
                owner=options["owner"],
                url=options["url"],
                types=options["type"],
                allowed=settings.POLYPHEMUS_WEBHOOK_NETWORKS,
                kek=settings.POLYPHEMUS_KEK,
                actor="manage.py create_webhook",
                now=clock.now(),
            )
        except (PolyphemusError, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"id     {made.endpoint.pk}\nsecret {made.secret}")
