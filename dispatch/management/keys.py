"""What the commands about one key of an analyst have in common."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dispatch.models import ApiKey
from polyphemus_site.errors import PolyphemusError


class KeyCommand(BaseCommand):
    """Names a key by its id; a refusal is told in one sentence.

    Subclass implementation: `act(key, **options)`, which gives what is printed.
    """

    def add_arguments(self, parser: CommandParser) -> None:
        """Which."""
        parser.add_argument("id", help="the key, pk_...")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Find the key, and do it."""
        key = ApiKey.objects.filter(pk=options["id"]).first()
        if key is None:
            raise CommandError(f"There is no key {options['id']}.")
        try:
            said = self.act(key, **options)
        except (PolyphemusError, ImproperlyConfigured) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(said)

    @abstractmethod
    def act(self, key: ApiKey, **options: Any) -> str:
        """Do it."""
