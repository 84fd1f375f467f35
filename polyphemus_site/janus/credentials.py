"""From an HTTP request to the person who sent it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from django.conf import settings
from django.http import HttpRequest

from polyphemus_site.janus import directory, visits
from polyphemus_site.janus.errors import TokenRefusedError
from polyphemus_site.janus.people import Person, Source
from polyphemus_site.janus.tokens import Credentials, read_person

SCHEME = "Etna "


def credentials_of(request: HttpRequest) -> Credentials | None:
    """The token a request carries: the cookie first, then `Authorization: Etna`."""
    if token := request.COOKIES.get(settings.POLYPHEMUS_JANUS_COOKIE, ""):
        return Credentials(token, Source.COOKIE)
    header = request.headers.get("Authorization", "")
    if header.startswith(SCHEME):
        return Credentials(header.removeprefix(SCHEME).strip(), Source.HEADER)
    return None


def person_of(request: HttpRequest) -> Person | None:
    """The person, None when the request carries no token; raises `TokenRefusedError` for a bad one."""
    credentials = credentials_of(request)
    if credentials is None:
        return None
    person = read_person(credentials, public_key=settings.POLYPHEMUS_JANUS_PUBLIC_KEY)
    visits.note(person)
    return replace(person, open_projects=partial(directory.open_projects, person.token))


def person_or_task_of(request: HttpRequest) -> Person | None:
    """As `person_of`; a task token counts once Janus has confirmed it."""
    person = person_of(request)
    if person and person.is_task and not directory.task_counts(person.token):
        raise TokenRefusedError("Janus doesn't honour this task token.")
    return person
