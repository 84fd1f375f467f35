"""What the views of people share."""

from __future__ import annotations

from typing import cast

from django.utils.translation import gettext as _
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from loaders.models import Suggestion
from polyphemus_site.errors import MissingError
from polyphemus_site.janus.authentication import JanusAuthentication
from polyphemus_site.janus.people import Person


class PersonView(APIView):
    """A route for people: who asks is known before the view runs."""

    authentication_classes = (JanusAuthentication,)
    permission_classes = (IsAuthenticated,)


def person_of(request: Request) -> Person:
    """Who asks."""
    return cast("Person", request.user)


def suggestion_for(person: Person, pk: int, project: str = "") -> Suggestion:
    """The suggestion, if the person may see it; unknown, foreign and restricted ones look the same."""
    found = Suggestion.objects.filter(pk=pk).first()
    seen = found and Suggestion.objects.visible_to(person, [found.project]).filter(pk=pk).exists()
    if found is None or not seen or (project and found.project != project):
        raise MissingError(_("There is no such suggestion here, or it isn't yours to see."))
    return found
