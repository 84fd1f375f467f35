"""The API of suggestions."""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar

from django.urls import reverse
from rest_framework.request import Request
from rest_framework.response import Response

from loaders import described, seam
from loaders.filters import PAGE, Acceptance, Dismissing, Snoozing, Wanted, in_utc, understood
from loaders.serializers import listed_json, whole_json
from loaders.services import suggestions
from loaders.views.base import PersonView, person_of, suggestion_for
from polyphemus_site import clock
from polyphemus_site.api.repeatable import RepeatableView
from polyphemus_site.janus.permissions import require_edit, require_edit_now, require_view
from polyphemus_site.openapi.described import Methods


class SuggestionList(PersonView):
    """`GET /api/v1/suggestions?project=&model=&record=`: what is offered to whoever asks, in pages."""

    described: ClassVar[Methods] = {"GET": described.LISTING}

    def get(self, request: Request) -> Response:
        """One page, oldest first."""
        wanted, person = Wanted.read(request.query_params), person_of(request)
        if wanted.project:
            require_view(person, wanted.project)
        rows = list(wanted.of(person)[: PAGE + 1])
        more = f"{request.path}?{wanted.address(after=rows[PAGE - 1].pk)}" if len(rows) > PAGE else None
        listed = listed_json(rows[:PAGE], person.can_edit, email=person.email)
        return Response({"suggestions": listed, "next": more})


class SuggestionDetail(PersonView):
    """`GET /api/v1/suggestions/ID`: one, with its receipt and history."""

    described: ClassVar[Methods] = {"GET": described.READING}

    def get(self, request: Request, pk: int) -> Response:
        """The suggestion as it stands."""
        return Response(whole_json(suggestion_for(person_of(request), pk)))


class Accept(PersonView, RepeatableView):
    """`POST /api/v1/suggestions/ID/accept`: publish the request it offers."""

    described: ClassVar[Methods] = {"POST": described.ACCEPTING}

    def act(self, request: Request) -> Response:
        """201 with the published document and its lasting address."""
        person, suggestion = person_of(request), suggestion_for(person_of(request), self.kwargs["pk"])
        require_edit_now(person, suggestion.project)
        asked = understood(Acceptance, request.data)
        accepted = suggestions.accept(
            suggestion,
            person=person.email,
            name=asked.name,
            inputs=asked.inputs,
            params=asked.params,
            now=clock.now(),
        )
        address = reverse("request", args=[accepted.request_name])
        document = seam.published(accepted.request_name)
        return Response(document, status=HTTPStatus.CREATED, headers={"Location": address})


class Dismiss(PersonView, RepeatableView):
    """`POST /api/v1/suggestions/ID/dismiss`: put it away, for oneself or for the project."""

    described: ClassVar[Methods] = {"POST": described.DISMISSING}

    def act(self, request: Request) -> Response:
        """The suggestion afterwards."""
        person, suggestion = person_of(request), suggestion_for(person_of(request), self.kwargs["pk"])
        asked, now = understood(Dismissing, request.data), clock.now()
        if asked.whom == "me":
            suggestions.wave_away(suggestion, person=person.email, reason=asked.reason, now=now)
        else:
            require_edit(person, suggestion.project)
            suggestions.dismiss(suggestion, person=person.email, reason=asked.reason, now=now)
        return Response(whole_json(suggestion))


class Snooze(PersonView, RepeatableView):
    """`POST /api/v1/suggestions/ID/snooze`: put it away until an instant, or until something changes."""

    described: ClassVar[Methods] = {"POST": described.SNOOZING}

    def act(self, request: Request) -> Response:
        """The suggestion afterwards."""
        person, suggestion = person_of(request), suggestion_for(person_of(request), self.kwargs["pk"])
        require_edit(person, suggestion.project)
        until = in_utc(understood(Snoozing, request.data).until)
        return Response(
            whole_json(suggestions.snooze(suggestion, person=person.email, until=until, now=clock.now()))
        )
