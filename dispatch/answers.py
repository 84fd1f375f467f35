"""Answers with documents in them: representation, ETag, the exact due instant, 304 when nothing changed."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, cast

from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from dispatch import bulk, callers, documents, listing, track_records
from dispatch.callers import Caller
from dispatch.models import AnalysisRequest
from dispatch.renderers import SecondRenderer
from dispatch.services import messages
from dispatch.services.bids import Award
from dispatch.states import Verification
from polyphemus_site.api import etags
from polyphemus_site.api.lean import Answer


def wants_v2(request: Request) -> bool:
    """Whether the second version was asked for."""
    return isinstance(request.accepted_renderer, SecondRenderer)


def document(http: Request, request: AnalysisRequest, *, status: int = HTTPStatus.OK) -> Response:
    """One request's document in the representation asked for; 304 to a GET that has it already."""
    body = _second(http, request) if wants_v2(http) else documents.v1(request)
    return tagged(http, body, status=status, **_facts(request))


def _second(http: Request, request: AnalysisRequest) -> documents.Document:
    events = callers.history_for(cast("Caller", http.user), request)
    return documents.full(request, events, track_records.of_holder(request))


def thread(http: Request, request: AnalysisRequest) -> Response:
    """The messages of a request; 304 when nobody has said anything more."""
    return tagged(http, {"messages": documents.messages(messages.thread(request))})


def tagged(http: Request, body: Any, *, status: int = HTTPStatus.OK, **facts: str) -> Response:
    """A body with its ETag; 304 to a GET that has it already."""
    tag = tag_of(body)
    headers = {"ETag": tag, "Vary": "Accept", "Cache-Control": "private, no-cache", **facts}
    if http.method == "GET" and etags.is_fresh(http.headers, tag):
        return Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(body, status=status, headers=headers)


def page(http: Request, caller: Caller, asked: listing.Question) -> Answer:
    """A page of the list; a poller that has it gets a 304 without the list being made."""
    second = wants_v2(http)
    tag = listing.tag(caller, asked, representation="v2" if second else "v1")
    advice = str(int(listing.polling_advice().total_seconds()))
    headers = {"ETag": tag, "Vary": "Accept", "Cache-Control": "private, no-cache", "Retry-After": advice}
    if etags.is_fresh(http.headers, tag):
        return Answer(status_code=HTTPStatus.NOT_MODIFIED, headers=headers, body=b"")
    if not second:
        body = bulk.shelf.get(tag, lambda: listing.page_bytes(caller, asked))
        return Answer(headers=headers, body=body, content_type=documents.V1)
    found = listing.page(caller, asked)
    shown = [documents.v2(one) for one in found.requests]
    return Answer(data={"requests": shown, "next": found.next}, headers=headers)


def go(award: Award) -> Answer:
    """The founding text's acknowledgement; which award it is and when it is due are in the headers."""
    headers = {"Polyphemus-Award": str(award.number)}
    if due_at := documents.exact(award.due_at):
        headers["Polyphemus-Due"] = due_at
    if award.repeated:
        headers["Polyphemus-Award-Repeated"] = "true"
    return Answer(data={"message": "go"}, headers=headers)


def extended(request: AnalysisRequest) -> Response:
    """What became of an analyst's wish for more time."""
    if request.asked_seconds is not None:
        return Response({"message": "asked"}, status=HTTPStatus.ACCEPTED, headers=_facts(request))
    due_date = documents.minute(request.due_at) if request.due_at else None
    return Response({"message": "extended", "due-date": due_date}, headers=_facts(request))


def tag_of(body: Any) -> str:
    """The ETag of a body: the digest of its bytes."""
    return etags.etag_of(JSONRenderer().render(body))


def _facts(request: AnalysisRequest) -> dict[str, str]:
    """What the first version's keys have no place for."""
    facts = {}
    if due_at := documents.exact(request.due_at):
        facts["Polyphemus-Due"] = due_at
    if request.award and request.analyst:  # nobody holds what was given back
        facts["Polyphemus-Award"] = str(request.award)
    if request.verification != Verification.UNKNOWN:
        facts["Polyphemus-Verification"] = request.verification
    return facts
