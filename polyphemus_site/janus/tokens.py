"""Reading a Janus token: RS256 and nothing else, no leeway, no trust in anything but the signature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import jwt

from polyphemus_site.janus.errors import TokenRefusedError
from polyphemus_site.janus.people import Person, Source
from polyphemus_site.janus.roles import Level, Role, read_permissions

#: A token of a person with hundreds of projects stays under this; a larger one isn't looked at.
MAX_TOKEN_BYTES = 8192
ALGORITHMS = ["RS256"]
INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A token as it arrived, not yet believed."""

    token: str
    source: Source


def read_person(credentials: Credentials, *, public_key: str) -> Person:
    """The person a token speaks for; raises `TokenRefusedError` for anything Janus didn't sign and mean."""
    claims = _claims(credentials.token, public_key)
    flags = frozenset(flag for flag in _text(claims, "flags").split(";") if flag)
    if INACTIVE in flags:
        raise TokenRefusedError("The person is no longer active.")
    email, is_task = _text(claims, "email").strip().lower(), claims.get("task") is True
    if "@" not in email:
        raise TokenRefusedError("The token names no address.")
    roles = read_permissions(_text(claims, "perm"))
    return Person(
        email=email,
        name=_text(claims, "name"),
        roles=_task_roles(roles) if is_task else roles,
        flags=flags,
        token=credentials.token,
        source=credentials.source,
        is_task=is_task,
    )


def _claims(token: str, public_key: str) -> dict[str, Any]:
    if not public_key or len(token.encode(errors="replace")) > MAX_TOKEN_BYTES:
        raise TokenRefusedError("No key to judge the token with, or the token is too long.")
    try:
        return jwt.decode(token, public_key, algorithms=ALGORITHMS, options={"require": ["exp", "email"]})
    except (jwt.PyJWTError, ValueError, ArithmeticError, RecursionError) as error:
        raise TokenRefusedError("The token isn't valid.") from error


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name) or ""
    if not isinstance(value, str) or "\x00" in value:
        raise TokenRefusedError(f"The token's {name} is no text.")
    return value


def _task_roles(roles: Mapping[str, Role]) -> Mapping[str, Role]:
    """A task token is for exactly one project and is never an admin's."""
    if len(roles) != 1:
        raise TokenRefusedError("A task token is for one project.")
    return MappingProxyType({name: _at_most_editor(role) for name, role in roles.items()})


def _at_most_editor(role: Role) -> Role:
    return Role(Level.EDITOR, role.restricted) if role.level is Level.ADMIN else role
