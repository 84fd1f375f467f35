"""`manage.py bind_key ID [--from NETWORK …]`: where calls with a key may come from."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dispatch.management.commands.create_key import add_addresses
from dispatch.models import ApiKey
from dispatch.services import keys
from polyphemus_site import clock
from polyphemus_site.errors import PolyphemusError


class Command(BaseCommand):
    """A secret that leaks is of no use elsewhere; without networks the key is believed from anywhere."""

    help = "Believe an analyst's key from these addresses and networks alone; without any, from anywhere."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which, and where to."""
        parser.add_argument("id", help="the key, pk_...")
        add_addresses(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Bind it."""
        key = ApiKey.objects.filter(pk=options["id"]).first()
        if key is None:
            raise CommandError(f"There is no key {options['id']}.")
        try:
            bound = keys.bind(key, options["addresses"], actor="manage.py bind_key", now=clock.now())
        except PolyphemusError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{key.pk} is believed from {', '.join(bound) or 'anywhere'}.")
