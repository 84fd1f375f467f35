"""The base of admin pages that project admins use for their own projects' rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from django.contrib.admin import ModelAdmin, display
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from polyphemus_site.janus.people import Person
from polyphemus_site.janus.roles import Level
from polyphemus_site.sentences import told

Row = TypeVar("Row", bound=Model)


class ProjectAdmin(ModelAdmin[Row]):
    """Rows that belong to a project: its admins see them, and no others.

    Subclass implementation: set `project_lookup` where the project's name isn't in a field called `project`.
    Rows are only for reading; what may be done to them are actions that call services.
    """

    project_lookup: ClassVar[str] = "project"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Row]:
        """Only the rows of projects the visitor administers."""
        rows = super().get_queryset(request)
        person = person_at(request)
        if person is None or person.sees_everything:
            return rows
        return rows.filter(**{f"{self.project_lookup}__in": administered(person)})

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether the index lists the app."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Project admins besides those Django's own rule lets in; `get_queryset` keeps to their rows."""
        person = person_at(request)
        return super().has_view_permission(request, obj) or (
            person is not None and bool(administered(person))
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Rows come from services."""
        del request
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows change through services."""
        del request, obj
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows stay."""
        del request, obj
        return False


def told_column(field: str) -> Callable[[Any, Model], str]:
    """A column of kept sentences, in the reader's language."""

    @display(description=gettext_lazy(field.replace("_", " ")), ordering=field)
    def column(self: Any, row: Model) -> str:  # noqa: ARG001 — a method of the admin's class
        return told(getattr(row, field))

    return column


def person_at(request: HttpRequest) -> Person | None:
    """The person at this admin page; None for a local superuser."""
    return getattr(request, "person", None)


def administered(person: Person) -> list[str]:
    """The projects whose admin the person is by a role of their own."""
    return [name for name in person.own_projects if person.level_in(name) is Level.ADMIN]
