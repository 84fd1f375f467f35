"""Projects' settings and their history in the admin: to read; they are changed on the project's own page."""

from __future__ import annotations

from django.contrib import admin

from polyphemus_site.janus.admin import ProjectAdmin
from polyphemus_site.projects.models import ProjectSettings, ProjectSettingsEvent


@admin.register(ProjectSettings)
class ProjectSettingsAdmin(ProjectAdmin[ProjectSettings]):
    """What holds where."""

    list_display = ("project", "loaders_off", "loaders_shadow", "most_open_requests", "digest_hour")
    search_fields = ("project",)


@admin.register(ProjectSettingsEvent)
class ProjectSettingsEventAdmin(ProjectAdmin[ProjectSettingsEvent]):
    """Who changed what, when."""

    list_display = ("project", "actor", "at")
    list_filter = ("project",)
    date_hierarchy = "at"
