"""Django's entry to the API's shared pieces."""

from __future__ import annotations

from django.apps import AppConfig

from polyphemus_site import health, metrics


class ApiConfig(AppConfig):
    """Names the app."""

    name = "polyphemus_site.api"
    label = "api"
    verbose_name = "Signed calls"

    def ready(self) -> None:
        """Say how signed calls went of late."""
        from polyphemus_site.api import probes  # noqa: PLC0415 — models must be ready first

        health.register("signed calls", probes.signed_calls)
        health.register("redis memory", probes.redis_memory, needs_database=False)
        metrics.register("signed calls", probes.measured)
