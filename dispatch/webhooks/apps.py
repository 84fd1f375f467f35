"""Django's entry to webhooks."""

from __future__ import annotations

from django.apps import AppConfig

from polyphemus_site import health, metrics


class WebhooksConfig(AppConfig):
    """Names the app and adds its questions about health."""

    name = "dispatch.webhooks"
    label = "webhooks"
    verbose_name = "Webhooks"

    def ready(self) -> None:
        """Answer operators."""
        from dispatch.webhooks import probes  # noqa: PLC0415 — models must be ready first

        health.register("webhooks", probes.deliveries)
        metrics.register("webhooks", probes.measure)
