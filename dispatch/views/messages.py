"""The thread of a request: read and written by its people and by its analyst's program."""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from dispatch import answers, callers, described, serializers
from dispatch.authentication import Analyst, AnalystAuthentication
from dispatch.services import messages
from dispatch.views.api import DispatchView
from polyphemus_site import clock
from polyphemus_site.api.parsers import document_of
from polyphemus_site.api.repeatable import RepeatableView
from polyphemus_site.errors import MissingError
from polyphemus_site.janus.authentication import JanusAuthentication
from polyphemus_site.openapi.described import Methods


class MessagesView(RepeatableView, DispatchView):
    """What the requester, the project's admins and the analyst say to each other."""

    described: ClassVar[Methods] = {"GET": described.HEARING, "POST": described.SAYING}
    authentication_classes = (AnalystAuthentication, JanusAuthentication)

    def get(self, request: Request, name: str) -> Response:
        """The thread, oldest first."""
        found = callers.find(self.caller(), name)
        if not callers.hears(self.caller(), found):
            raise MissingError(_("There is no such thread."))
        return answers.thread(request, found)

    def act(self, request: Request) -> Response:
        """Say something, and hear the thread as it then is."""
        body = serializers.fields(document_of(request), required=("text",))
        text = serializers.text(body, "text")
        caller, name = self.caller(), self.kwargs["name"]
        if isinstance(caller, Analyst):
            found, side = callers.find(caller, name), messages.ANALYST
        else:
            found, side = callers.find_to_decide(caller, name), messages.PEOPLE
        messages.say(found, text, actor=caller.email, side=side, now=clock.now())
        response = answers.thread(request, found)
        response.status_code = HTTPStatus.CREATED
        return response
