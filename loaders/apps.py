"""Django's entry to this app."""

from __future__ import annotations

from django.apps import AppConfig


class LoadersConfig(AppConfig):
    """Names the app."""

    name = "loaders"
    verbose_name = "Loaders"
