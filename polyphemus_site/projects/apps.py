"""Django's entry to projects' settings."""

from __future__ import annotations

from django.apps import AppConfig


class ProjectsConfig(AppConfig):
    """Names the app."""

    name = "polyphemus_site.projects"
    label = "projects"
    verbose_name = "Projects"
