"""What only Janus itself knows: live roles, projects open to everyone, whether a task token still counts."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache as once
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

import httpx
from django.conf import settings
from django.core.cache import caches
from django.utils.translation import gettext as _

from polyphemus_site.janus.errors import ForbiddenError, JanusUnavailableError
from polyphemus_site.janus.people import Person
from polyphemus_site.janus.roles import Role, read_role

logger = logging.getLogger(__name__)

TIMEOUT = httpx.Timeout(3.0, connect=1.0)
#: A project list is believed for a minute; a failure only for a moment, so that pages don't wait in turn.
KEEP_SECONDS = 60
KEEP_FAILURE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class JanusProject:
    """One project as Janus lists it for a person; `role` is None where they have none of their own."""

    name: str
    full_name: str
    role: Role | None
    is_open: bool
    #: Open to everyone who has agreed to its code of conduct at Janus.
    asks_agreement: bool = False


def projects_of(token: str) -> tuple[JanusProject, ...]:
    """The projects Janus lists for the holder; raises `JanusUnavailableError` when it can't be asked."""
    answer = _ask("GET", "/api/user/projects", token)
    if answer.status_code != HTTPStatus.OK:
        raise JanusUnavailableError(
            _("Janus answered %(status)s when asked for projects.") % {"status": answer.status_code}
        )
    try:
        return tuple(_read_project(entry) for entry in answer.json()["projects"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise JanusUnavailableError(_("Janus's list of projects can't be understood.")) from error


def known_projects(token: str) -> tuple[JanusProject, ...]:
    """`projects_of`, remembered for a minute; empty, and logged, when Janus can't be asked."""
    if not settings.POLYPHEMUS_JANUS_URL:
        return ()
    cache, key = caches["janus"], f"projects:{hashlib.sha256(token.encode()).hexdigest()}"
    kept: tuple[JanusProject, ...] | None = cache.get(key)
    if kept is not None:
        return kept
    try:
        projects, seconds = projects_of(token), KEEP_SECONDS
    except JanusUnavailableError as error:
        logger.warning("No projects are taken as open to everyone: %s", error)
        projects, seconds = (), KEEP_FAILURE_SECONDS
    cache.set(key, projects, seconds)
    return projects


def open_projects(token: str) -> frozenset[str]:
    """The projects everyone may view; none while Janus can't be asked."""
    return frozenset(project.name for project in known_projects(token) if project.is_open)


def asks_agreement(token: str, project: str) -> bool:
    """Whether everyone may view the project after an agreement; False while Janus can't be asked."""
    return any(known.asks_agreement for known in known_projects(token) if known.name == project)


def live_roles(person: Person) -> Mapping[str, Role]:
    """The person's roles as Janus has them now, for what can't be taken back: a token may be a day old."""
    if person.is_task:
        raise ForbiddenError(_("A task token can't do this; a person must."))
    held = {project.name: project.role for project in projects_of(person.token)}
    return MappingProxyType({name: role for name, role in held.items() if role is not None})


def task_counts(token: str) -> bool:
    """Whether Janus still honours a task token; False when it can't be asked."""
    try:
        return _ask("POST", "/api/tokens/validate_task", token).status_code == HTTPStatus.OK
    except JanusUnavailableError as error:
        logger.warning("A task token is refused: %s", error)
        return False


@once
def _http() -> httpx.Client:
    return httpx.Client(timeout=TIMEOUT)


def _ask(method: str, path: str, token: str) -> httpx.Response:
    if not settings.POLYPHEMUS_JANUS_URL:
        raise JanusUnavailableError(_("POLYPHEMUS_JANUS_URL is not set, so Janus can't be asked."))
    try:
        return _http().request(
            method, f"{settings.POLYPHEMUS_JANUS_URL}{path}", headers={"Authorization": f"Etna {token}"}
        )
    except httpx.HTTPError as error:
        raise JanusUnavailableError(
            _("Janus can't be reached (%(error)s).") % {"error": type(error).__name__}
        ) from error


def _read_project(entry: dict[str, Any]) -> JanusProject:
    role = read_role(str(entry.get("role") or "")[:1].lower())
    return JanusProject(
        name=str(entry["project_name"]),
        full_name=str(entry.get("project_name_full") or entry["project_name"]),
        role=Role(role.level, restricted=bool(entry.get("privileged"))) if role else None,
        is_open=bool(entry.get("resource")) and not entry.get("requires_agreement"),
        asks_agreement=bool(entry.get("resource")) and bool(entry.get("requires_agreement")),
    )
