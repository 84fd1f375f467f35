"""Configurations and editions for admins: what was is read here, never rewritten."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin import ModelAdmin, TabularInline
from django.http import HttpRequest

from dispatch.admin.reading import ReadOnly
from dispatch.configuring.models import Configuration, ConfigurationVersion, SchemaEdition
from polyphemus_site.janus.admin import ProjectAdmin


class VersionInline(ReadOnly, TabularInline[ConfigurationVersion, Configuration]):
    """Every version."""

    model = ConfigurationVersion
    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 — Django's signature
        """Whoever may see the configuration."""
        return True


@admin.register(Configuration)
class ConfigurationAdmin(ProjectAdmin[Configuration]):
    """A configuration with all its versions, for the admins of its project."""

    list_display = ("name", "analysis", "project", "author", "created_at")
    list_filter = ("analysis",)
    search_fields = ("name", "analysis", "project", "author")
    inlines = (VersionInline,)


@admin.register(SchemaEdition)
class SchemaEditionAdmin(ReadOnly, ModelAdmin[SchemaEdition]):
    """What requests of an analysis were held to, and since when."""

    list_display = ("analysis", "digest", "source", "author", "at")
    search_fields = ("analysis", "digest")
