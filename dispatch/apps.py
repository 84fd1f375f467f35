"""Django's entry to this app."""

from __future__ import annotations

from django.apps import AppConfig


class DispatchConfig(AppConfig):
    """Names the app."""

    name = "dispatch"
    verbose_name = "Dispatch"
