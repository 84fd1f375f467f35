"""Django's entry to the journal."""

from __future__ import annotations

from django.apps import AppConfig


class JournalConfig(AppConfig):
    """Names the app."""

    name = "magma.journal"
    label = "journal"
    verbose_name = "Journal"
