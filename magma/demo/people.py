"""Who is calling the demo warehouse: Janus tokens as Magma reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any

import jwt

from magma.demo.answers import unauthorized

ROLES = {"a": "admin", "e": "editor", "v": "viewer", "g": "guest"}


@dataclass(frozen=True)
class Visitor:
    """A person or service with a valid token; `letters` holds a role letter for each project."""

    email: str
    name: str
    letters: Mapping[str, str]
    flags: frozenset[str] = frozenset()

    def has_role(self, project: str, letters: str, *, everywhere: str) -> bool:
        """One of these roles in the project, or one of `everywhere` in the administration."""
        here = self.letters.get(project, "-").lower() in letters
        return here or self.letters.get("administration", "-").lower() in everywhere

    def can_view(self, project: str) -> bool:
        """Whether /retrieve and /query answer."""
        return self.has_role(project, "aevg", everywhere="aev")

    def can_edit(self, project: str) -> bool:
        """Whether /update answers."""
        return self.has_role(project, "ae", everywhere="ae")

    def is_admin(self, project: str) -> bool:
        """Whether /update_model answers."""
        return self.has_role(project, "a", everywhere="ae")

    def can_see_restricted(self, project: str) -> bool:
        """Only an upper-case letter on that very project opens restricted data."""
        return self.letters.get(project, "-").isupper()


def letters_of(perm: str) -> dict[str, str]:
    """Read `A:ipi;e:labors,x` as a letter for each project."""
    groups = (group.partition(":") for group in perm.split(";") if group)
    return {project: letter for letter, _, projects in groups for project in projects.split(",")}


def token_in(headers: Mapping[str, str], cookie: str) -> str | None:
    """The token sent; the cookie wins, and only the scheme Etna counts."""
    cookies = SimpleCookie(headers.get("Cookie", ""))
    if cookie in cookies:
        return cookies[cookie].value
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    return token if scheme == "Etna" else None


def visitor_of(headers: Mapping[str, str], *, public_key: str, cookie: str) -> Visitor:
    """Who sent this request; refused unless the token's signature and life hold."""
    token = token_in(headers, cookie)
    try:
        claims: dict[str, Any] = jwt.decode(
            token or "", public_key, algorithms=["RS256"], options={"require": ["exp"]}
        )
        letters = letters_of(claims.get("perm", ""))
    except (jwt.InvalidTokenError, AttributeError) as error:
        raise unauthorized() from error
    flags = frozenset(str(claims.get("flags") or "").split(";")) - {""}
    return Visitor(str(claims.get("email")), str(claims.get("name")), letters, flags)
