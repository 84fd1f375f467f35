"""A person, as their Janus token describes them, and what they may do.

The predicates mirror Janus's own, with their asymmetries: a superuser edits everywhere and yet sees no
restricted record unless the project itself says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from polyphemus_site.janus.roles import ADMINISTRATION, Level, Role


class Source(StrEnum):
    """Where the token came from: a browser sends cookies by itself, a header is sent on purpose."""

    COOKIE = "cookie"
    HEADER = "header"


def no_projects() -> frozenset[str]:
    """Nothing is open to everyone."""
    return frozenset()


@dataclass(frozen=True)
class Person:
    """Who is asking. `roles` maps a project's name to a role; `token` is theirs, for asking siblings."""

    email: str
    name: str = ""
    roles: Mapping[str, Role] = field(default_factory=dict, hash=False)
    flags: frozenset[str] = frozenset()
    token: str = field(default="", repr=False, compare=False)
    source: Source = Source.HEADER
    #: A task token speaks for a person who isn't there: never for anything that destroys.
    is_task: bool = False
    #: The projects Janus opens to everyone, asked for only when the roles don't answer.
    open_projects: Callable[[], frozenset[str]] = field(default=no_projects, repr=False, compare=False)

    is_authenticated: ClassVar[bool] = True
    is_anonymous: ClassVar[bool] = False

    def __str__(self) -> str:
        """The address: it is what we know people by."""
        return self.email

    @property
    def pk(self) -> str:
        """What throttles and logs know a user by."""
        return self.email

    def can_view(self, project: str) -> bool:
        """Any role in the project, a super-role, or a project open to everyone."""
        return (
            self._has(project, Level)
            or self._has(ADMINISTRATION, (Level.ADMIN, Level.EDITOR, Level.VIEWER))
            or project in self.open_projects()
        )

    def can_edit(self, project: str) -> bool:
        """Admins and editors, of the project or of all."""
        editors = (Level.ADMIN, Level.EDITOR)
        return self._has(project, editors) or self._has(ADMINISTRATION, editors)

    def is_admin(self, project: str) -> bool:
        """The project's admins; of the super-roles the editors too, as in Janus."""
        return self._has(project, (Level.ADMIN,)) or self._has(ADMINISTRATION, (Level.ADMIN, Level.EDITOR))

    def can_see_restricted(self, project: str) -> bool:
        """Only an upper-case letter on that very project: super-roles don't have it by themselves."""
        role = self.roles.get(project)
        return role is not None and role.restricted

    @property
    def sees_everything(self) -> bool:
        """Whether a super-role lets the person view every project."""
        return self._has(ADMINISTRATION, (Level.ADMIN, Level.EDITOR, Level.VIEWER))

    @property
    def is_admin_somewhere(self) -> bool:
        """Whether the person administers any project, or all."""
        return any(self.is_admin(project) for project in self.roles)

    @property
    def own_projects(self) -> list[str]:
        """The projects the token names, by name."""
        return sorted(name for name in self.roles if name != ADMINISTRATION)

    def level_in(self, project: str) -> Level | None:
        """The person's own level in the project, if they have one."""
        role = self.roles.get(project)
        return role.level if role else None

    def _has(self, project: str, levels: object) -> bool:
        role = self.roles.get(project)
        return role is not None and role.level in levels  # type: ignore[operator]  # an enum class contains its members
