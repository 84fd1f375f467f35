"""Django's entry to the journal."""

from __future__ import annotations

from django.apps import AppConfig

from polyphemus_site import health


class JournalConfig(AppConfig):
    """Names the app."""

    name = "magma.journal"
    label = "journal"
    verbose_name = "Journal"

    def ready(self) -> None:
        """Say how the journal is."""
        from magma.journal import probes, receivers  # noqa: F401, PLC0415 — models must be ready first

        health.register("journal", probes.journal)
