"""Django's entry to this app."""

from __future__ import annotations

from django.apps import AppConfig

from polyphemus_site import health, references


class DispatchConfig(AppConfig):
    """Names the app and adds its questions about health."""

    name = "dispatch"
    verbose_name = "Dispatch"

    def ready(self) -> None:
        """Answer operators, and who asks what speaks of a record."""
        from dispatch import mentions, probes, receivers  # noqa: F401, PLC0415 — models must be ready first

        references.register("dispatch", mentions.of_records)
        health.register("due dates", probes.due_dates)
        health.register("analysts", probes.unserved)
        health.register("keys", probes.sealed_keys)
        health.register("replaced keys", probes.replaced_keys)
