"""How the API knows people: their Janus token, from the cookie or `Authorization: Etna`."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from polyphemus_site.janus.credentials import person_or_task_of
from polyphemus_site.janus.cross_site import refuse_cross_site
from polyphemus_site.janus.errors import TokenRefusedError
from polyphemus_site.janus.people import Person, Source


class JanusAuthentication(BaseAuthentication):
    """`request.user` becomes a `Person`; without any token the next scheme gets its turn."""

    def authenticate(self, request: Request) -> tuple[Person, str] | None:
        """The person and their token."""
        try:
            person = person_or_task_of(request._request)  # noqa: SLF001 — DRF has no public name for it
        except TokenRefusedError as error:
            raise AuthenticationFailed from error
        if person is None:
            return None
        if person.source is Source.COOKIE:
            refuse_cross_site(request._request)  # noqa: SLF001 — the same
        return person, person.token

    def authenticate_header(self, request: Request) -> str:
        """Makes a missing token a 401."""
        del request
        return "Etna"
