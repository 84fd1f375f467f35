"""Views that can be asked the short way, for the calls that come by the thousand.

DRF weighs the Accept header, builds parsers and renderers, and wraps request and answer; for a poll that is
most of what there is to do. A `LeanView` does without when it is asked by `short_way`, and is one of DRF's
views to everybody else. Both ways run the same code of ours and give the same answer; a test compares them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from typing import Any, ClassVar, Final, cast

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from polyphemus_site.api.authentication import SignedAuthentication
from polyphemus_site.api.parsers import body_of
from polyphemus_site.api.signing.calls import call_of
from polyphemus_site.api.signing.keys import Verified

#: A header of each scheme. Fields in the query go the long way.
SIGNED: Final = ("HTTP_X_ETNA_SIGNATURE", "HTTP_SIGNATURE_INPUT")
#: What programs say that take whatever there is.
ANYTHING: Final = frozenset({"", "*/*"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a lean method answers: data for whichever renderer was asked for, or a body written already."""

    data: Any = None
    status_code: int = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    #: Of a body written already; empty where there is none.
    content_type: str = ""

    def as_response(self) -> HttpResponseBase:
        """The same, as DRF wants it."""
        if self.body is None:
            return Response(self.data, status=self.status_code, headers=dict(self.headers))
        response = HttpResponse(self.body, status=self.status_code, headers=dict(self.headers))
        response.headers["Content-Type"] = self.content_type
        if not self.content_type:
            del response.headers["Content-Type"]
        return response

    def written(self, renderer: BaseRenderer) -> Answer:
        """The same, with its body written."""
        if self.body is not None:
            return self
        body = cast("bytes", renderer.render(self.data))
        kind = str(renderer.media_type)
        return Answer(status_code=self.status_code, headers=self.headers, body=body, content_type=kind)


class Headers(Mapping[str, str]):
    """A request's headers by name, in whatever case, found where the server put them."""

    def __init__(self, meta: Mapping[str, Any]) -> None:
        """Keep the place."""
        self.meta = meta

    def __getitem__(self, name: str) -> str:
        """The header's value; KeyError without it."""
        return str(self.meta["HTTP_" + name.replace("-", "_").upper()])

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return (key[5:].replace("_", "-").title() for key in self.meta if key.startswith("HTTP_"))

    def __len__(self) -> int:
        """How many there are."""
        return sum(1 for _ in self)


class LeanRequest:
    """As much of DRF's request as DRF's rules and our views read."""

    #: Nobody else could know the caller: a refusal is a 403.
    authenticators: ClassVar[tuple[()]] = ()

    def __init__(self, http: HttpRequest, renderer: BaseRenderer, user: Any, auth: Verified) -> None:
        """Keep what is known."""
        self._request = http
        self.META = http.META
        self.headers = Headers(http.META)
        self.method = http.method
        self.accepted_renderer = renderer
        self.user = user
        self.auth = auth

    @property
    def data(self) -> Any:
        """The body, read strictly, once; no names where there is none, as DRF has it."""
        return body_of(self._request.body, self.auth) if self._request.body else {}


class LeanView(APIView):
    """A view whose usual calls go the short way.

    Subclass implementation: `lean`, a method to the name of what gives its `Answer`; `lean_authentication`.
    """

    lean: ClassVar[Mapping[str, str]] = {}
    lean_authentication: ClassVar[type[SignedAuthentication]]

    # Subclasses shouldn't need to override what follows.

    @classmethod
    def renderer_for(cls, wanted: str) -> BaseRenderer | None:
        """How an answer is written to who accepts this; None where DRF has something to weigh."""
        for kind in cls.renderer_classes:
            if wanted in ANYTHING or wanted == kind.media_type:
                return kind()
        return None

    def answer(self, http: HttpRequest, renderer: BaseRenderer) -> Answer:
        """Answer a signed call that asks for nothing special, or raise what refuses it."""
        self.args, self.kwargs = (), {}
        principal, verified = self.lean_authentication().believe(http, call_of(http, self.kwargs))
        self.request = cast("Request", LeanRequest(http, renderer, principal, verified))
        self.check_permissions(self.request)
        self.check_throttles(self.request)
        given: Answer = getattr(self, self.lean[str(http.method)])(self.request)
        return given.written(renderer)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """DRF's, after an answer has become a response."""
        if isinstance(response, Answer):
            response = response.as_response()
        return super().finalize_response(request, response, *args, **kwargs)


@cache
def default_headers(view: type[LeanView]) -> Mapping[str, str]:
    """What DRF adds to every answer of this view."""
    asked = view()
    asked.setup(HttpRequest())  # a view that reads may be asked for its head, too, once it is asked
    return asked.default_response_headers
