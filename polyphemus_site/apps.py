"""Django's entry to the shared pieces: commands, system checks, templates."""

from __future__ import annotations

from django.apps import AppConfig


class PolyphemusSiteConfig(AppConfig):
    """Names the app."""

    name = "polyphemus_site"
    verbose_name = "Polyphemus"

    def ready(self) -> None:
        """Register the questions of health that concern the whole installation; name rows for readers."""
        from polyphemus_site import labels, probes, receivers, system_checks  # noqa: F401, PLC0415 — after the models; they register

        probes.register()
        labels.translate_names()
