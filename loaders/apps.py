"""Django's entry to this app."""

from __future__ import annotations

from django.apps import AppConfig

from polyphemus_site import health, metrics, references


class LoadersConfig(AppConfig):
    """Names the app and wires its receivers."""

    name = "loaders"
    verbose_name = "Loaders"

    def ready(self) -> None:
        """Listen to the others."""
        from loaders import mentions, probes, receivers  # noqa: F401, PLC0415 — models must be ready first

        health.register("scans", probes.scans)
        references.register("loaders", mentions.of_records)
        metrics.register("loaders", probes.measured)
