"""What a person must be allowed before a view goes on; unknown and forbidden projects look the same."""

from __future__ import annotations

from dataclasses import replace

from polyphemus_site.errors import MissingError
from polyphemus_site.janus.directory import live_roles
from polyphemus_site.janus.errors import ForbiddenError
from polyphemus_site.janus.people import Person


def require_view(person: Person, project: str) -> None:
    """Raise `MissingError` unless the person may see the project."""
    if not person.can_view(project):
        raise MissingError("There is no such thing here, or it isn't yours to see.")


def require_edit(person: Person, project: str) -> None:
    """Raise unless the person edits the project: 404 where they can't see it, 403 where they can."""
    require_view(person, project)
    if not person.can_edit(project):
        raise ForbiddenError(f"Only editors and admins of {project} may do this.")


def require_admin(person: Person, project: str) -> None:
    """Raise unless the person administers the project: 404 where they can't see it, 403 where they can."""
    require_view(person, project)
    if not person.is_admin(project):
        raise ForbiddenError(f"Only admins of {project} may do this.")


def require_restricted(person: Person, project: str) -> None:
    """Raise `MissingError` unless the person may see the project's restricted records."""
    if not person.can_see_restricted(project):
        raise MissingError("There is no such thing here, or it isn't yours to see.")


def refreshed(person: Person) -> Person:
    """The person with the roles Janus gives them now; raises when it can't be asked, or for a task token."""
    return replace(person, roles=live_roles(person))


def require_admin_now(person: Person, project: str) -> None:
    """`require_admin`, on Janus's word of this moment: for what can't be taken back."""
    require_admin(refreshed(person), project)
