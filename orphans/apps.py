"""Django's entry to this app."""

from __future__ import annotations

from django.apps import AppConfig

from polyphemus_site import health, metrics


class OrphansConfig(AppConfig):
    """Names the app and connects its receivers."""

    name = "orphans"
    verbose_name = "Orphans"

    def ready(self) -> None:
        """Listen to the journal, answer operators."""
        from orphans import probes, receivers  # noqa: F401, PLC0415 — models must be loaded first

        health.register("orphans", probes.orphans)
        metrics.register("orphans", probes.measured)
