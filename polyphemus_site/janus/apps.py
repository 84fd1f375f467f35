"""Django's entries: the app itself, and the admin with our site in it."""

from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class JanusConfig(AppConfig):
    """Names the app."""

    name = "polyphemus_site.janus"
    label = "janus"
    verbose_name = "People"


class JanusAdminConfig(AdminConfig):
    """Django's admin, entered with the Janus identity."""

    default_site = "polyphemus_site.janus.admin_site.JanusAdminSite"
    default = False
