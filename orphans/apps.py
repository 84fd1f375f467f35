"""Django's entry to this app."""

from __future__ import annotations

from django.apps import AppConfig


class OrphansConfig(AppConfig):
    """Names the app."""

    name = "orphans"
    verbose_name = "Orphans"
