"""Who may do what with a project's orphans: viewers look, editors decide and propose, admins remove."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _

from polyphemus_site.janus.errors import ForbiddenError
from polyphemus_site.janus.people import Person
from polyphemus_site.janus.permissions import refreshed, require_admin, require_edit, require_view
from polyphemus_site.janus.roles import Level


def require_look(person: Person, project: str) -> None:
    """Raise unless the person may see the project's orphans: guests may not."""
    require_view(person, project)
    if person.level_in(project) is Level.GUEST and not person.sees_everything:
        raise ForbiddenError(_("Guests of %(project)s don't see its orphans.") % {"project": project})


def require_decide(person: Person, project: str) -> None:
    """Raise unless the person may keep, put off, adopt or propose."""
    require_look(person, project)
    require_edit(person, project)


def require_removal(person: Person, project: str) -> None:
    """Raise unless the person is an admin now, by Janus's word where there is a Janus; never a task token."""
    if person.is_task:
        raise ForbiddenError(_("A task token can't decide on a removal."))
    require_admin(refreshed(person) if settings.POLYPHEMUS_JANUS_URL else person, project)
