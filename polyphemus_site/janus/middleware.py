"""Sets `request.person` for pages, and the admin's user from it."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from polyphemus_site.janus.backends import user_of
from polyphemus_site.janus.credentials import person_of
from polyphemus_site.janus.errors import TokenRefusedError
from polyphemus_site.janus.people import Person

GetResponse = Callable[[HttpRequest], HttpResponse]
ADMIN = "/admin/"


class PersonMiddleware:
    """`request.person` is the signed-in person, or None. The API authenticates by itself and gets None here.

    Stands after Django's own AuthenticationMiddleware: in the admin, a person takes the place of its user.
    """

    def __init__(self, get_response: GetResponse) -> None:
        """Keep the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Read the token once a page."""
        person = None if request.path_info.startswith("/api/") else page_person(request)
        request.person = person  # type: ignore[attr-defined]  # a name of ours on Django's request
        if person is not None and request.path_info.startswith(ADMIN):
            request.user = user_of(person)
        return self.get_response(request)


def page_person(request: HttpRequest) -> Person | None:
    """The person a page is for; a bad token counts as none, and a task token is nobody at a page."""
    try:
        person = person_of(request)
    except TokenRefusedError:
        return None
    return None if person is None or person.is_task else person
