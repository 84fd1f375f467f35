"""Django's entry to this app."""

from __future__ import annotations

from django.apps import AppConfig


class MagmaConfig(AppConfig):
    """Names the app."""

    name = "magma"
    verbose_name = "Magma"
