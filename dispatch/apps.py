"""Django's entry to this app."""

from __future__ import annotations

from django.apps import AppConfig

from polyphemus_site import references


class DispatchConfig(AppConfig):
    """Names the app."""

    name = "dispatch"
    verbose_name = "Dispatch"

    def ready(self) -> None:
        """Answer who asks what speaks of a record."""
        from dispatch import mentions  # noqa: PLC0415 — models must be ready first

        references.register("dispatch", mentions.of_records)
