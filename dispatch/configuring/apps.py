"""Django's entry to configuring."""

from __future__ import annotations

from django.apps import AppConfig


class ConfiguringConfig(AppConfig):
    """Names the app."""

    name = "dispatch.configuring"
    label = "configuring"
    verbose_name = "Configurations"
