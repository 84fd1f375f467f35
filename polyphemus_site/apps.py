"""Django's entry to the shared pieces: commands, system checks, templates."""

from __future__ import annotations

from django.apps import AppConfig


class PolyphemusSiteConfig(AppConfig):
    """Names the app."""

    name = "polyphemus_site"
    verbose_name = "Polyphemus"
