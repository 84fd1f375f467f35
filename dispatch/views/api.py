"""The API: each view authenticates, parses, calls one service, and answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, ClassVar, cast

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dispatch import answers, callers, described, estimates, listing, policies, records, serializers
from dispatch.authentication import Analyst, AnalystAuthentication, ListAuthentication
from dispatch.callers import Caller
from dispatch.errors import NotYourselfError
from dispatch.models import AnalysisRequest
from dispatch.renderers import RENDERERS
from dispatch.services import bids, extensions, requests, tickets
from dispatch.services import help as helping
from dispatch.services.bids import Offer
from dispatch.services.holding import Claim
from dispatch.states import RequestStatus
from polyphemus_site import clock
from polyphemus_site.api.asked import query_of
from polyphemus_site.api.lean import Answer, LeanView
from polyphemus_site.api.parsers import document_of
from polyphemus_site.api.repeatable import RepeatableView
from polyphemus_site.api.signing.keys import Verified
from polyphemus_site.errors import MoveRefusedError
from polyphemus_site.janus.authentication import JanusAuthentication
from polyphemus_site.janus.people import Person
from polyphemus_site.janus.permissions import require_edit_now
from polyphemus_site.openapi.described import Methods
from polyphemus_site.prefix import below
from polyphemus_site.vouching import signer_from


class DispatchView(LeanView):
    """What all of dispatch's views share: two representations, and a caller who is known."""

    renderer_classes = RENDERERS
    permission_classes = (IsAuthenticated,)

    def caller(self) -> Caller:
        """Who asks: an analyst by key, or a person by token."""
        return cast("Caller", self.request.user)


class AnalystView(RepeatableView, DispatchView):
    """For signed calls of analysts."""

    authentication_classes = (AnalystAuthentication,)
    lean_authentication = AnalystAuthentication

    def analyst(self) -> Analyst:
        """Who signed."""
        return cast("Analyst", self.request.user)

    def at(self) -> datetime:
        """When the call was verified, by the database's clock."""
        return cast("Verified", self.request.auth).at

    def claim(self, request: Request, *others: str) -> tuple[Claim, Any]:
        """What the body says the analyst holds, and the body."""
        body = serializers.fields(
            document_of(request), required=("analysis", "name", *others), optional=("award",)
        )
        claim = Claim(
            name=serializers.word(body, "name"),
            analysis=serializers.word(body, "analysis"),
            analyst=self.analyst().email,
            award=serializers.award(body),
            key_id=self.analyst().key_id,
        )
        return claim, body


class RequestsView(RepeatableView, DispatchView):
    """The list, and where new requests are published."""

    lean = MappingProxyType({"GET": "get"})
    lean_authentication = ListAuthentication

    described: ClassVar[Methods] = {"GET": described.LISTING, "POST": described.PUBLISHING}

    def get_authenticators(self) -> list[Any]:
        """Analysts read and people do both."""
        writes = getattr(self.request, "method", "GET") == "POST"  # no request: the API is being described
        return [JanusAuthentication()] if writes else [ListAuthentication(), JanusAuthentication()]

    def get(self, request: Request) -> Answer:
        """A page of the requests the caller may see, oldest first."""
        return answers.page(request, self.caller(), listing.question(query_of(request, listing.PARAMETERS)))

    def act(self, request: Request) -> Response:
        """Publish a request."""
        person = cast("Person", request.user)
        body = serializers.fields(document_of(request), required=("analysis", "config"), optional=("name",))
        config = serializers.config(body)
        require_edit_now(person, serializers.word(config, "project"))
        made = requests.submit(
            analysis=body["analysis"], name=_name_in(body), requester=person.email, now=clock.now(), **config
        )
        response = answers.document(request, made, status=HTTPStatus.CREATED)
        response["Location"] = below(f"/api/v1/requests/{made.name}")
        return response


def _name_in(body: Mapping[str, Any]) -> str | None:
    """The name asked for; None only when there is none: `null` is no name."""
    return serializers.word(body, "name") if "name" in body else None


class RequestView(DispatchView):
    """One request's document, at its lasting address."""

    described: ClassVar[Methods] = {"GET": described.READING}

    authentication_classes = (AnalystAuthentication, JanusAuthentication)

    def get(self, request: Request, name: str) -> Response:
        """The document, archived or not."""
        return answers.document(request, callers.find(self.caller(), name))


class RecordView(DispatchView):
    """What is vouched for of an archived request."""

    described: ClassVar[Methods] = {"GET": described.RECORD}

    authentication_classes = (AnalystAuthentication, JanusAuthentication)

    def get(self, request: Request, name: str) -> Response:
        """The signed completion record."""
        del request
        found = callers.find(self.caller(), name)
        if found.status != RequestStatus.ARCHIVED:
            raise MoveRefusedError(
                _("Request %(found)s has not ended.") % {"found": found}, code="not_archived"
            )
        signer = signer_from(settings.POLYPHEMUS_KEK)
        return Response(records.signed(found, issuer=settings.POLYPHEMUS_URL, signer=signer))


class RecordKeyView(APIView):
    """The public key of completion records, for anyone."""

    described: ClassVar[Methods] = {"GET": described.RECORD_KEY}

    def get(self, request: Request) -> Response:
        """Ed25519: 32 bytes in base64, and as PEM for openssl."""
        del request
        signer = signer_from(settings.POLYPHEMUS_KEK)
        return Response({"algorithm": "ed25519", "public_key": signer.public_key, "pem": signer.public_pem})


class DecisionView(RepeatableView, DispatchView):
    """What a requester, or an admin of the project, may decide."""

    authentication_classes = (JanusAuthentication,)
    optional: tuple[str, ...] = ("note",)

    def act(self, request: Request) -> Response:
        """Decide, and show the document as it then is."""
        person = cast("Person", request.user)
        found = callers.find_to_decide(person, self.kwargs["name"])
        sent = document_of(request) if request._request.body else {}  # noqa: SLF001 — DRF tells no body from {}
        body = serializers.fields(sent, required=(), optional=self.optional)
        return answers.document(request, self.decide(found, person, body))

    def decide(self, found: AnalysisRequest, person: Person, body: Any) -> AnalysisRequest:
        """What this address does."""
        raise NotImplementedError


class CancelView(DecisionView):
    """Ends a request."""

    described: ClassVar[Methods] = {"POST": described.deciding({"note": described.TEXT})}

    def decide(self, found: AnalysisRequest, person: Person, body: Any) -> AnalysisRequest:
        """Archive it as cancelled."""
        note = serializers.text(body, "note", default="")
        return requests.cancel(found, actor=person.email, note=note, now=clock.now())


class HelpView(DecisionView):
    """Asks the analyst of a deferred request for help."""

    described: ClassVar[Methods] = {"POST": described.deciding({"note": described.TEXT})}

    def decide(self, found: AnalysisRequest, person: Person, body: Any) -> AnalysisRequest:
        """Ask."""
        note = serializers.text(body, "note", default="")
        return helping.ask(found, actor=person.email, note=note, waits=policies.waits(), now=clock.now())


class ExtendView(DecisionView):
    """Gives more time."""

    described: ClassVar[Methods] = {"POST": described.deciding({"time": described.TIME})}

    optional = ("time",)

    def decide(self, found: AnalysisRequest, person: Person, body: Any) -> AnalysisRequest:
        """Give what is named, or what the analyst asked for."""
        seconds = estimates.seconds(body["time"]) if "time" in body else None
        return extensions.grant(found, seconds=seconds, actor=person.email, now=clock.now())


class BidsView(AnalystView):
    """Where analysts bid."""

    lean = MappingProxyType({"POST": "act"})

    described: ClassVar[Methods] = {"POST": described.BIDDING}

    def act(self, request: Request) -> Answer:
        """The first valid bid wins."""
        offer = self.offer(document_of(request))
        award = bids.accept(offer, scopes=self.analyst().scopes, now=self.at())
        return answers.go(award)

    def offer(self, document: dict[str, Any]) -> Offer:
        """The bid in the body; it must be the signer's own."""
        body = serializers.fields(document, required=("analysis", "analyst", "name", "time"))
        if serializers.word(body, "analyst").lower() != self.analyst().email.lower():
            raise NotYourselfError(_("The bid names another analyst than the key's."))
        return Offer(
            name=serializers.word(body, "name"),
            analysis=serializers.word(body, "analysis"),
            analyst=self.analyst().email,
            seconds=estimates.seconds(body["time"]),
            key_id=self.analyst().key_id,
        )


class TicketsView(AnalystView):
    """Where completion tickets arrive."""

    lean = MappingProxyType({"POST": "act"})

    described: ClassVar[Methods] = {"POST": described.claiming("archived", {})}

    def act(self, request: Request) -> Answer:
        """The request is archived on the holder's word."""
        claim, _ = self.claim(request)
        tickets.submit(claim, scopes=self.analyst().scopes, now=self.at())
        return Answer(data={"message": "archived"})


class ExtensionsView(AnalystView):
    """Where analysts ask for more time."""

    described: ClassVar[Methods] = {
        "POST": described.claiming("extended", {"time": described.TIME}, (202, "asked"))
    }

    def act(self, request: Request) -> Response:
        """Given at once, or put to the requester."""
        claim, body = self.claim(request, "time")
        seconds = estimates.seconds(body["time"])
        found = extensions.ask(claim, seconds=seconds, scopes=self.analyst().scopes, now=self.at())
        return answers.extended(found)


class ReleasesView(AnalystView):
    """Where analysts give work back."""

    described: ClassVar[Methods] = {"POST": described.claiming("released", {"reason": described.WORDS})}

    def act(self, request: Request) -> Response:
        """The request is open for bids again."""
        claim, body = self.claim(request, "reason")
        reason = serializers.text(body, "reason")
        extensions.release(claim, reason=reason, scopes=self.analyst().scopes, now=self.at())
        return Response({"message": "released"})
