"""`manage.py revoke_key ID`: no call signed with it is believed from now on."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dispatch.models import ApiKey
from dispatch.services import keys
from polyphemus_site import clock


class Command(BaseCommand):
    """For a secret that somebody else may have seen: at once, and for good."""

    help = "Refuse an analyst's key from now on."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which."""
        parser.add_argument("id", help="the key, pk_...")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Revoke it; again changes nothing."""
        key = ApiKey.objects.filter(pk=options["id"]).first()
        if key is None:
            raise CommandError(f"There is no key {options['id']}.")
        keys.revoke(key, actor="manage.py revoke_key", now=clock.now())
        self.stdout.write(f"{key.pk} of {key.analyst} is revoked.")
