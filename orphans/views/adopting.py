"""The API of adoption: one click to begin it, and what Magma answered to the person's own browser."""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from magma.client import connect
from orphans import access, described
from orphans.filters import ItemsWanted
from orphans.forms import sent_of, text_of
from orphans.permissions import require_decide
from orphans.serializers import item_json
from orphans.services import adopting
from orphans.services.moves import By
from orphans.views.base import PersonView, person_of
from orphans.views.reviews import orphan_for, review_answer
from polyphemus_site.api.parsers import document_of
from polyphemus_site.api.repeatable import RepeatableView
from polyphemus_site.clock import now
from polyphemus_site.openapi.described import Methods

PAGE = 100


class OrphanAdopt(PersonView, RepeatableView):
    """`POST /api/v1/orphans/ID/adopt`: note the parent; the answer holds the update the person sends."""

    described: ClassVar[Methods] = {"POST": described.ADOPTING}

    def act(self, request: Request) -> Response:
        """201 and the review that notes it."""
        person = person_of(request)
        orphan = orphan_for(person, self.kwargs["pk"])
        require_decide(person, orphan.project)
        parent = text_of(document_of(request), "parent")
        review = adopting.adopt_one(orphan, parent, magma=connect(), by=By(person.email, now()))
        return Response(review_answer(review, person), status=HTTPStatus.CREATED)


class ReviewSent(PersonView, RepeatableView):
    """`POST /api/v1/reviews/ID/sent`: what Magma answered to the update, told by who sent it."""

    described: ClassVar[Methods] = {"POST": described.SENDING}

    def act(self, request: Request) -> Response:
        """The review, after a look at Magma."""
        person = person_of(request)
        review = access.review_for(person, self.kwargs["pk"])
        require_decide(person, review.project)
        status, said = sent_of(document_of(request))
        by = By(person.email, now())
        adopting.sent(review, status=status, said=said, magma=connect(), by=by)
        return Response(review_answer(review, person))


class ReviewItems(PersonView):
    """`GET /api/v1/reviews/ID/items`: every orphan of the review, in pages, or those a filter names."""

    described: ClassVar[Methods] = {"GET": described.ITEMS}

    def get(self, request: Request, pk: int) -> Response:
        """One page."""
        person = person_of(request)
        review = access.review_for(person, pk)
        wanted = ItemsWanted.read(request.query_params)
        rows = list(wanted.of(review.items.for_eyes(person, project=review.project))[: PAGE + 1])
        more = f"{request.path}?{wanted.address(after=rows[PAGE - 1].pk)}" if len(rows) > PAGE else None
        privileged = person.can_see_restricted(review.project)
        return Response(
            {"items": [item_json(row, privileged=privileged) for row in rows[:PAGE]], "next": more}
        )
