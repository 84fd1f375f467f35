"""`manage.py bind_key ID [--from NETWORK …]`: where calls with a key may come from."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from dispatch.management.commands.create_key import add_addresses
from dispatch.management.keys import KeyCommand
from dispatch.models import ApiKey
from dispatch.services import keys
from polyphemus_site import clock


class Command(KeyCommand):
    """A secret that leaks is of no use elsewhere; without networks the key is believed from anywhere."""

    help = "Believe an analyst's key from these addresses and networks alone; without any, from anywhere."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which, and where to."""
        super().add_arguments(parser)
        add_addresses(parser)

    def act(self, key: ApiKey, **options: Any) -> str:
        """Bind it."""
        bound = keys.bind(key, options["addresses"], actor="manage.py bind_key", now=clock.now())
        return f"{key.pk} is believed from {', '.join(bound) or 'anywhere'}."
