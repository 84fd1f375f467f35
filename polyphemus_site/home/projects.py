"""The projects a person may see, as the home page lists them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from polyphemus_site.janus.directory import JanusProject
from polyphemus_site.janus.people import Person
from polyphemus_site.janus.roles import Level

ROLES: Mapping[Level, StrOrPromise] = {
    Level.ADMIN: _("admin"),
    Level.EDITOR: _("editor"),
    Level.VIEWER: _("viewer"),
    Level.GUEST: _("guest"),
}


@dataclass(frozen=True, slots=True)
class ListedProject:
    """One line of the list."""

    name: str
    full_name: str
    role: StrOrPromise
    is_watched: bool


def visible_projects(
    person: Person, *, listed: Sequence[JanusProject], watched: Sequence[str]
) -> list[ListedProject]:
    """What the token names, what Janus opens to everyone, and for super-roles whatever is watched."""
    full_names = {project.name: project.full_name for project in listed}
    names = {name for name in _names(person, listed, watched) if person.can_view(name)}
    lines = [
        ListedProject(
            name=name,
            full_name=full_names.get(name, name),
            role=_role(person, name),
            is_watched=not watched or name in watched,
        )
        for name in names
    ]
    return sorted(lines, key=lambda line: (not line.is_watched, line.full_name.lower()))


def _names(person: Person, listed: Sequence[JanusProject], watched: Sequence[str]) -> Iterator[str]:
    yield from person.own_projects
    yield from (project.name for project in listed if project.is_open)
    if person.sees_everything:
        yield from watched


def _role(person: Person, project: str) -> StrOrPromise:
    level = person.level_in(project)
    return ROLES[level] if level else ""
