"""`manage.py activate_key ID`: let a key in that was made with `--pending`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dispatch.models import ApiKey
from dispatch.services import keys
from polyphemus_site import clock
from polyphemus_site.errors import PolyphemusError


class Command(BaseCommand):
    """For a key whose secret was sent ahead: it is believed from now on, when its analyst has it."""

    help = "Let in an analyst's key that was made with --pending."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which."""
        parser.add_argument("id", help="the key, pk_...")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Let it in."""
        key = ApiKey.objects.filter(pk=options["id"]).first()
        if key is None:
            raise CommandError(f"There is no key {options['id']}.")
        try:
            keys.activate(key, actor="manage.py activate_key", now=clock.now())
        except PolyphemusError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{key.pk} of {key.analyst} is in use.")
