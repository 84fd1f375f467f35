"""The API of reviews."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from magma.client import connect
from orphans import access, described
from orphans.filters import Wanted
from orphans.forms import ids_of, said_of
from orphans.models import Orphan, Review
from orphans.permissions import require_decide, require_look, require_removal
from orphans.querysets import OrphanQuerySet
from orphans.serializers import item_json, review_json, told_each
from orphans.services import adopting, adoption, advice, bundles, decisions, exports, handing, reviews
from orphans.services.decisions import Said
from orphans.services.moves import By
from orphans.states import Decision
from orphans.views.base import PersonView, person_of
from polyphemus_site.api.parsers import document_of
from polyphemus_site.api.repeatable import RepeatableView
from polyphemus_site.clock import now
from polyphemus_site.errors import InvalidInputError
from polyphemus_site.janus.people import Person
from polyphemus_site.openapi.described import Methods
from polyphemus_site.vouching import signer_from

SAMPLE = 50
#: What can't be taken back, or lets it happen: for admins, by Janus's word of this moment.
GRAVE = frozenset({Decision.REMOVE, Decision.APPROVE, Decision.RETRY})


class ReviewList(PersonView, RepeatableView):
    """`POST /api/v1/reviews`: begin one, of named orphans or of all a filter selects; `GET`: the latest."""

    described: ClassVar[Methods] = {"GET": described.RECENT, "POST": described.BEGINNING}

    def get(self, request: Request) -> Response:
        """The project's latest reviews."""
        project = Wanted.read(request.query_params).project
        require_look(person_of(request), project)
        rows = Review.objects.filter(project=project).order_by("-pk")[:SAMPLE]
        return Response({"reviews": [review_json(row) for row in rows]})

    def act(self, request: Request) -> Response:
        """201 and the review; its records are read at once when they are few."""
        review = begin(document_of(request), person_of(request))
        return Response(review_answer(review, person_of(request)), status=HTTPStatus.CREATED)


class ReviewDetail(PersonView):
    """`GET /api/v1/reviews/ID`."""

    described: ClassVar[Methods] = {"GET": described.READING}

    def get(self, request: Request, pk: int) -> Response:
        """The review with a sample of its orphans."""
        review = access.review_for(person_of(request), pk)
        return Response(review_answer(review, person_of(request)))


class ReviewDecide(PersonView, RepeatableView):
    """`POST /api/v1/reviews/ID/decide`."""

    described: ClassVar[Methods] = {"POST": described.DECIDING}

    def act(self, request: Request) -> Response:
        """The review as it stands after the decision; an adoption answers with the body to post to Magma."""
        person, document = person_of(request), document_of(request)
        review = access.review_for(person, self.kwargs["pk"])
        return Response(review_answer(decide(review, document, person), person))


class ReviewBundle(PersonView):
    """`GET /api/v1/reviews/ID/bundles/NUMBER`: the copy, as canonical JSON."""

    described: ClassVar[Methods] = {"GET": described.COPY}

    def get(self, request: Request, pk: int, number: int) -> HttpResponse:
        """Read back and compared with its hash before it leaves."""
        person = person_of(request)
        bundle = access.bundle_for(person, access.review_for(person, pk), number)
        return download(bundles.content(bundle), "application/json", f"review-{pk}-bundle-{number}.json")


class ReviewUndo(PersonView):
    """`GET /api/v1/reviews/ID/undo`: the bodies that load the removed records again."""

    described: ClassVar[Methods] = {"GET": described.UNDOING}

    def get(self, request: Request, pk: int) -> Response:
        """In the order they must be posted, with what to know before."""
        person = person_of(request)
        review = access.review_for(person, pk)
        access.require_copies(person, review)
        undo = exports.as_update(review)
        return Response({"notes": list(undo.notes), "updates": list(undo.bodies)})


class ReviewScript(PersonView):
    """`GET /api/v1/reviews/ID/script`: what the administrator of Magma's database runs."""

    described: ClassVar[Methods] = {"GET": described.SCRIPT}

    def get(self, request: Request, pk: int) -> HttpResponse:
        """SQL."""
        person = person_of(request)
        review = access.review_for(person, pk)
        access.require_copies(person, review)
        return download(exports.removal_script(review).encode(), "application/sql", f"review-{pk}.sql")


class ReviewHandoff(PersonView):
    """`GET /api/v1/reviews/ID/handoff`: copies, script and signature for that administrator, as one zip."""

    described: ClassVar[Methods] = {"GET": described.HANDOFF}

    def get(self, request: Request, pk: int) -> HttpResponse:
        """Signed with the installation's key."""
        person = person_of(request)
        review = access.review_for(person, pk)
        access.require_copies(person, review)
        signer = signer_from(settings.POLYPHEMUS_KEK)
        files = handing.package(review, signer=signer, issuer=settings.POLYPHEMUS_URL)
        name = f"review-{pk}-handoff"
        return download(handing.zipped(files, name), "application/zip", f"{name}.zip")


class OrphanParents(PersonView):
    """`GET /api/v1/orphans/ID/parents`: likely parents, with the body that adopts it under the first."""

    described: ClassVar[Methods] = {"GET": described.PARENTS}

    def get(self, request: Request, pk: int) -> Response:
        """Ranked, with reasons."""
        orphan = orphan_for(person_of(request), pk)
        listed = likely_parents(orphan, person_of(request))
        return Response({"orphan": orphan.pk, "parents": listed})


def likely_parents(orphan: Orphan, person: Person) -> list[dict[str, Any]]:
    """Ranked, each with the body that adopts under it, without those that aren't for these eyes."""
    found = [one.as_json() for one in advice.advise(connect(), orphan.project, [orphan])[orphan.pk]]
    privileged = person.can_see_restricted(orphan.project)
    return [
        {**one, "reasons": told_each(one["reasons"])}
        | {"update": adoption.update_body(orphan.project, {orphan: one["parent"]})}
        for one in adoption.visible(found, privileged=privileged)
    ]


def orphan_for(person: Person, pk: int) -> Orphan:
    """The orphan, if it is for these eyes."""
    orphan = Orphan.objects.filter(pk=pk).first()
    if (
        orphan is None
        or not Orphan.objects.of_project(orphan.project, onlooker=person).filter(pk=pk).exists()
    ):
        raise access.no_such_review()
    require_look(person, orphan.project)
    return orphan


def begin(document: Mapping[str, Any], person: Person) -> Review:
    """A review of what the body names, read at once when it is small."""
    words = {name: value for name, value in document.items() if isinstance(value, str)}
    wanted = Wanted.read(words)
    require_decide(person, wanted.project)
    by = By(person.email, now())
    review = reviews.create(project=wanted.project, orphans=_chosen(document, wanted, person), by=by)
    small = review.orphans <= reviews.AT_ONCE
    return reviews.gather(review, magma=connect(), by=by) if small else review


def _chosen(document: Mapping[str, Any], wanted: Wanted, person: Person) -> OrphanQuerySet:
    rows = Orphan.objects.of_project(wanted.project, onlooker=person)
    if "orphans" not in document:
        return wanted.of(rows)
    ids = ids_of(document)
    if not ids:
        raise InvalidInputError(_("Name at least one orphan."), code="no_orphans")
    return rows.filter(pk__in=ids)


def decide(review: Review, document: Mapping[str, Any], person: Person) -> Review:
    """Carry out what a body says, if the person may say it."""
    return carry_out(review, said_of(document, is_admin=person.is_admin(review.project)), person)


def carry_out(review: Review, said: Said, person: Person) -> Review:
    """Carry out what the person said, if they may: grave words need Janus's word of this moment."""
    require_decide(person, review.project)
    access.require_all_seen(person, review)
    said = replace(said, sees_restricted=person.can_see_restricted(review.project))
    if said.decision in GRAVE and said.is_admin:
        require_removal(person, review.project)
    if said.decision is Decision.APPROVE:
        access.require_nothing_unseen(person, review)
    if said.decision is Decision.REMOVE and access.is_partly_unseen(person, review):
        said = replace(said, is_admin=False)  # as an editor's, it waits for somebody who may see all of it
    return decisions.decide(review, said, by=By(person.email, now()))


def review_answer(review: Review, person: Person) -> dict[str, Any]:
    """The review with a sample of its orphans, and for an adoption the bodies to post."""
    items = review.items.for_eyes(person, project=review.project)
    privileged = person.can_see_restricted(review.project)
    answer = review_json(review)
    answer["groups"] = items.groups()
    answer["items"] = [item_json(item, privileged=privileged) for item in items.sample(SAMPLE)]
    answer |= access.rights(person, review)
    if review.decision == Decision.ADOPT:
        answer |= {"magma": settings.POLYPHEMUS_MAGMA_PUBLIC_URL, "updates": adopting.updates(items)}
    return answer


def download(content: bytes, media_type: str, name: str) -> HttpResponse:
    """A file to keep."""
    response = HttpResponse(content, content_type=media_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
