"""Janus tokens that open the warehouse: one from the environment, or one fetched and renewed by ourselves.

A token is read, never verified: it is ours, and only Magma's opinion of it counts. Its text is never logged.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Protocol

ROLES = frozenset("aevg")
ADMINISTRATION = "administration"


@dataclass(frozen=True, slots=True)
class Token:
    """One token. `roles` maps a project to its letter (a, e, v, g; upper case: may see restricted data)."""

    text: str = field(repr=False)
    email: str = ""
    roles: Mapping[str, str] = field(default_factory=dict, hash=False)
    expires_at: datetime | None = None

    def sees_restricted(self, project: str) -> bool:
        """Whether restricted data of the project is shown; the administration's roles never show it."""
        return self.roles.get(project, "").isupper()

    def can_view(self, project: str) -> bool:
        """Whether the project can be read at all; guests of the administration read nothing but their own."""
        return project in self.roles or self.roles.get(ADMINISTRATION, "g").lower() != "g"

    def has_expired(self, *, now: datetime) -> bool:
        """Janus and Magma allow no leeway."""
        return self.expires_at is not None and now >= self.expires_at


class TokenSource(Protocol):
    """Where tokens come from."""

    def current(self) -> Token:
        """A token to use now."""

    def renewed(self, refused: Token) -> Token | None:
        """Another token after Magma refused this one; None when there is no other."""

    def close(self) -> None:
        """Give back what it holds."""


class StaticToken:
    """The token somebody put into the environment; it can't be renewed."""

    def __init__(self, text: str) -> None:
        self._token = read_token(text)

    def current(self) -> Token:
        """Always the same."""
        return self._token

    def renewed(self, refused: Token) -> Token | None:  # noqa: ARG002 — the protocol's shape
        """There is no other."""
        return None

    def close(self) -> None:
        """It holds nothing."""


def read_token(text: str) -> Token:
    """What a token says of itself; one that is no JSON web token says nothing."""
    claims = _claims(text)
    return Token(
        text=text.strip(),
        email=str(claims.get("email", "")),
        roles=MappingProxyType(read_roles(str(claims.get("perm", "")))),
        expires_at=_instant(claims.get("exp")),
    )


def read_roles(perm: str) -> dict[str, str]:
    """`v:labors,ipi;A:dt_lung` as letters by project; what is malformed grants nothing."""
    roles: dict[str, str] = {}
    for part in filter(None, perm.split(";")):
        letter, _, projects = part.partition(":")
        if letter.lower() in ROLES:
            roles |= {project.strip(): letter for project in projects.split(",") if project.strip()}
    return roles


def _instant(seconds: object) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, tz=UTC) if isinstance(seconds, int | float) else None
    except (ValueError, OverflowError, OSError):
        return None  # beyond the years a date can say


def _claims(text: str) -> dict[str, Any]:
    parts = text.split(".")
    if len(parts) != 3:  # noqa: PLR2004 — header, payload, signature
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}
