"""Django's entry to the API's shared pieces."""

from __future__ import annotations

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Names the app."""

    name = "polyphemus_site.api"
    label = "api"
    verbose_name = "Signed calls"
