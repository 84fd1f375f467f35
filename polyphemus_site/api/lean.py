"""The short way through a view, for the calls that come by the thousand.

DRF weighs the Accept header, builds parsers and renderers, and wraps request and answer; for a poll that is
most of what there is to do. `LeanView` does without for a signed call that asks for nothing special, and
hands every other call to DRF. Both ways run the same code of ours and give the same answer; a test compares
them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, ClassVar, Final, cast

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from polyphemus_site.api import problems
from polyphemus_site.api.authentication import SignedAuthentication
from polyphemus_site.api.parsers import body_of
from polyphemus_site.api.signing.calls import call_of
from polyphemus_site.api.signing.keys import Verified

#: A header of each scheme. Fields in the query go the long way.
SIGNED: Final = ("HTTP_X_ETNA_SIGNATURE", "HTTP_SIGNATURE_INPUT")
#: What programs say that take whatever there is.
ANYTHING: Final = frozenset({"", "*/*"})
#: What sets a call apart: another body type, an answer given before, a representation named in the address.
SPECIAL: Final = ("HTTP_IDEMPOTENCY_KEY", "HTTP_X_HTTP_METHOD_OVERRIDE", "HTTP_EXPECT")


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
        """The body, read strictly, once."""
        return body_of(self._request.body, self.auth)


class LeanView(APIView):
    """A view whose usual calls go the short way.

    Subclass implementation: `lean`, a method to the name of what answers it; `lean_authentication`.
    """

    lean: ClassVar[Mapping[str, str]] = {}
    lean_authentication: ClassVar[type[SignedAuthentication]]

    # Subclasses shouldn't need to override what follows.

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer the short way, or as DRF does."""
        renderer = self._renderer_for(request)
        if renderer is None:
            return super().dispatch(request, *args, **kwargs)
        self.args, self.kwargs = args, kwargs
        try:
            principal, verified = self.lean_authentication().believe(request, call_of(request, kwargs))
            self.request = cast("Request", LeanRequest(request, renderer, principal, verified))
            self.check_permissions(self.request)
            self.check_throttles(self.request)
            response = _plain(getattr(self, self.lean[str(request.method)])(self.request), renderer)
        except Exception as error:  # noqa: BLE001 — as in DRF's own dispatch: refusals become answers, the rest is logged
            response = problems.answer_to(request, error, view=self)
        return self._with_headers(response)

    def _renderer_for(self, request: HttpRequest) -> BaseRenderer | None:
        """How the answer is written; None for a call that goes the long way."""
        meta = request.META
        if request.method not in self.lean or not any(name in meta for name in SIGNED):
            return None
        if any(name in meta for name in SPECIAL) or "format=" in meta.get("QUERY_STRING", ""):
            return None
        wanted = meta.get("HTTP_ACCEPT", "")
        for kind in self.renderer_classes:
            if wanted in ANYTHING or wanted == kind.media_type:
                return kind()
        return None

    def _with_headers(self, response: HttpResponseBase) -> HttpResponseBase:
        """What DRF adds to every answer."""
        for name, value in _default_headers(type(self)):  # type: ignore[arg-type]  # mypy takes a class for unhashable here
            response.headers.setdefault(name, value)
        return response


@cache
def _default_headers(view: type[LeanView]) -> tuple[tuple[str, str], ...]:
    return tuple(view().default_response_headers.items())


def _plain(response: HttpResponseBase, renderer: BaseRenderer) -> HttpResponseBase:
    """An answer of DRF's as one of Django's, written out."""
    if not isinstance(response, Response):
        return response
    body = renderer.render(response.data)
    written = HttpResponse(body, status=response.status_code, content_type=renderer.media_type)
    for name, value in response.items():
        if name != "Content-Type":  # DRF says which only when it writes the answer out
            written.headers[name] = value
    return written
