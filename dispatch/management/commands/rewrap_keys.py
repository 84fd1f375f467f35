"""`manage.py rewrap_keys`: seal every secret with the present POLYPHEMUS_KEK."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dispatch.sealing import SealBrokenError
from dispatch.services import keys
from dispatch.webhooks.services import endpoints
from polyphemus_site import clock


class Command(BaseCommand):
    """Afterwards POLYPHEMUS_KEK_PREVIOUS may be taken out of the environment."""

    help = "Seal every secret of a key or webhook with the present POLYPHEMUS_KEK."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Seal, and say how many."""
        keks = keys.configured_keks()
        if not keks:
            raise CommandError("POLYPHEMUS_KEK is not set.")
        try:
            asked: dict[str, Any] = {"keks": keks, "now": clock.now(), "actor": "manage.py rewrap_keys"}
            count = keys.rewrap(**asked) + endpoints.rewrap(**asked)
        except SealBrokenError as error:
            raise CommandError(f"{error} Put the key that sealed it in POLYPHEMUS_KEK_PREVIOUS.") from error
        self.stdout.write(f"{count} secrets sealed anew.")
