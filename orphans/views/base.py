"""What the views of people share."""

from __future__ import annotations

from typing import cast

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from polyphemus_site.janus.authentication import JanusAuthentication
from polyphemus_site.janus.people import Person


class PersonView(APIView):
    """A route for people: who asks is known before the view runs."""

    authentication_classes = (JanusAuthentication,)
    permission_classes = (IsAuthenticated,)


def person_of(request: Request) -> Person:
    """Who asks."""
    return cast("Person", request.user)
