"""Who gets which digest, in the admin: to read; everybody starts, moves and stops their own."""

from __future__ import annotations

from django.contrib import admin

from polyphemus_site.janus.admin import ProjectAdmin
from polyphemus_site.models import DigestReader


@admin.register(DigestReader)
class DigestReaderAdmin(ProjectAdmin[DigestReader]):
    """Why somebody gets a project's digest, or none."""

    list_display = ("email", "project", "level", "restricted", "next_at", "seen_at", "stopped_at")
    list_filter = ("project", "level")
    search_fields = ("email",)
