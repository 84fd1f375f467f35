"""What a person must be allowed before a view goes on; unknown and forbidden projects look the same."""

from __future__ import annotations

import logging
from dataclasses import replace
from urllib.parse import quote

from django.conf import settings
from django.utils.translation import gettext as _

from polyphemus_site.errors import MissingError
from polyphemus_site.janus.directory import asks_agreement, live_roles
from polyphemus_site.janus.errors import AgreementNeededError, ForbiddenError, JanusUnavailableError
from polyphemus_site.janus.people import Person

logger = logging.getLogger(__name__)

#: Whom Janus lets into such a project by another door than an agreement.
EXTERNAL = "external"


def require_view(person: Person, project: str) -> None:
    """Raise `MissingError` unless the person may see the project, or could by an agreement."""
    if person.can_view(project):
        return
    if person.token and EXTERNAL not in person.flags and asks_agreement(person.token, project):
        where = f"{settings.POLYPHEMUS_JANUS_URL}/{quote(project)}/cc"
        raise AgreementNeededError(
            _("%(project)s is open to whoever has agreed to its code of conduct.") % {"project": project},
            agreement=where,
        )
    raise MissingError(_("There is no such thing here, or it isn't yours to see."))


def require_edit(person: Person, project: str) -> None:
    """Raise unless the person edits the project: 404 where they can't see it, 403 where they can."""
    require_view(person, project)
    if not person.can_edit(project):
        raise ForbiddenError(_("Only editors and admins of %(project)s may do this.") % {"project": project})


def require_admin(person: Person, project: str) -> None:
    """Raise unless the person administers the project: 404 where they can't see it, 403 where they can."""
    require_view(person, project)
    if not person.is_admin(project):
        raise ForbiddenError(_("Only admins of %(project)s may do this.") % {"project": project})


def require_restricted(person: Person, project: str) -> None:
    """Raise `MissingError` unless the person may see the project's restricted records."""
    if not person.can_see_restricted(project):
        raise MissingError(_("There is no such thing here, or it isn't yours to see."))


def refreshed(person: Person) -> Person:
    """The person with the roles Janus gives them now; raises when it can't be asked, or for a task token."""
    return replace(person, roles=live_roles(person))


def require_edit_now(person: Person, project: str) -> None:
    """`require_edit`, on Janus's word of this moment where it can be had: for what sets others to work.

    A request can be called off again, so while Janus can't be asked the token's word is enough.
    """
    require_edit(person, project)
    if person.is_task or not settings.POLYPHEMUS_JANUS_URL:
        return
    try:
        current = refreshed(person)
    except JanusUnavailableError as error:
        logger.warning("%s edits %s on the word of a token alone: %s", person.email, project, error)
        return
    if not current.can_edit(project):
        raise ForbiddenError(_("You are no longer an editor of %(project)s.") % {"project": project})


def require_admin_now(person: Person, project: str) -> None:
    """`require_admin`, on Janus's word of this moment: for what can't be taken back."""
    require_admin(refreshed(person), project)
