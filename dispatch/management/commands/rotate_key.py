"""`manage.py rotate_key ID [--keep-days N] …`: a successor, with its secret printed once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from dispatch.management.commands.create_key import add_public_key, days, public_key_in, told
from dispatch.management.keys import KeyCommand
from dispatch.models import ApiKey
from dispatch.services import keys
from polyphemus_site import clock


def days_or_none(text: str) -> int:
    """The same as a key's days; none for a secret that somebody else may have seen."""
    return days(text, least=0)


class Command(KeyCommand):
    """Until the old one ends, calls by either are believed."""

    help = "Give an analyst a new key with the same scopes; the old one goes on for a while."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which, and for how long both."""
        super().add_arguments(parser)
        parser.add_argument(
            "--keep-days",
            type=days_or_none,
            default=keys.OVERLAP.days,
            metavar="N",
            help="how long the old one goes on; 0: it is refused at once",
        )
        add_public_key(parser)

    def act(self, key: ApiKey, **options: Any) -> str:
        """Rotate it."""
        made = keys.rotate(
            key,
            keep=timedelta(days=options["keep_days"]),
            public_key=public_key_in(options["public_key"]),
            kek=settings.POLYPHEMUS_KEK,
            actor="manage.py rotate_key",
            now=clock.now(),
        )
        return told(made)
