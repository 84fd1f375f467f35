"""Django's entry to this app."""

from __future__ import annotations

from django.apps import AppConfig


class OrphansConfig(AppConfig):
    """Names the app and connects its receivers."""

    name = "orphans"
    verbose_name = "Orphans"

    def ready(self) -> None:
        """Listen to the journal."""
        from orphans import receivers  # noqa: F401, PLC0415 — models must be loaded first
