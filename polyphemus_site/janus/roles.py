"""What a person may do in a project, as Janus writes it into a token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

#: The pseudo-project whose roles count everywhere.
ADMINISTRATION = "administration"


class Level(StrEnum):
    """The four roles, by the letter a token carries."""

    ADMIN = "a"
    EDITOR = "e"
    VIEWER = "v"
    GUEST = "g"


@dataclass(frozen=True, slots=True)
class Role:
    """One person's role in one project; `restricted` is the upper-case letter."""

    level: Level
    restricted: bool = False


NO_ROLES: Mapping[str, Role] = MappingProxyType({})


def read_role(letter: str) -> Role | None:
    """`"A"` is an admin who sees restricted records; a letter nobody knows grants nothing."""
    if letter.lower() not in set(Level):
        return None
    return Role(Level(letter.lower()), restricted=letter.isupper())


def read_permissions(text: str) -> Mapping[str, Role]:
    """`"A:ipi;e:labors,x"` as a mapping from project to role."""
    return MappingProxyType(dict(_grants(text)))


def _grants(text: str) -> Iterator[tuple[str, Role]]:
    for group in text.split(";"):
        letter, _, projects = group.strip().partition(":")
        if role := read_role(letter):
            yield from ((name.strip(), role) for name in projects.split(",") if name.strip())
