"""The short way to a `LeanView`: past what only browsers need, for the calls that come by the thousand.

Sessions, cookies, forms, cross-origin rules and pages each look at every request and every answer, and DRF
has much to choose; to a signed poll they cost more than its signature, its key and its list together. A
program that signs its calls has none of them. Its call is judged by the same rules (`paths`), goes to the
same method of the same view of the same route table, and comes back with the same headers; a test compares
both ways. Whatever is unusual goes the long way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from http import HTTPStatus
from typing import Any, Final, cast

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.db import DEFAULT_DB_ALIAS, connections
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port, validate_host
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern
from django.utils import translation
from django.utils.log import log_response
from rest_framework.renderers import BaseRenderer

from polyphemus_site import prefix
from polyphemus_site.api import key_ends, paths, problems
from polyphemus_site.api.lean import SIGNED, Answer, LeanView, default_headers
from polyphemus_site.api.parsers import MAX_BODY
from polyphemus_site.api.request_ids import named_request
from polyphemus_site.layers import PolicyMiddleware

Environ = dict[str, Any]
StartResponse = Callable[..., Any]

#: What sets a call apart, even empty: an answer given before, another method.
SPECIAL: Final = ("HTTP_IDEMPOTENCY_KEY", "HTTP_X_HTTP_METHOD_OVERRIDE", "HTTP_EXPECT")
STATUS_LINES: Final = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class ProgramRequest(WSGIRequest):
    """A request whose host is judged once for all that come to it."""

    def get_host(self) -> str:
        """Django's, without judging again a name that is known to be ours."""
        host: str = self._get_raw_host()  # type: ignore[attr-defined]  # the stub leaves it out
        return host if _is_our_name(host, tuple(settings.ALLOWED_HOSTS)) else super().get_host()


class Application(WSGIHandler):
    """Django's application, with the short way before it."""

    def __call__(self, environ: Environ, start_response: StartResponse) -> Any:
        """Answer a program's signed call to a lean view; give Django all others."""
        prefix.take_off(environ)
        view = _view_for(environ)
        renderer = view.renderer_for(environ.get("HTTP_ACCEPT", "")) if view else None
        if view is None or renderer is None:
            return super().__call__(environ, start_response)
        request = ProgramRequest(environ)
        if not _is_for_us(request):
            return super().__call__(environ, start_response)
        connections[DEFAULT_DB_ALIAS].close_if_unusable_or_obsolete()
        translation.activate(settings.LANGUAGE_CODE)  # this thread may have shown somebody a page in theirs
        with named_request(request) as request_id:
            answer, its_own = _answer(request, view, renderer)
        body = answer.body or b""
        headers = {
            **_added(request.is_secure()),
            **its_own,
            **answer.headers,
            **key_ends.headers_for(request),
        }
        headers["Vary"] = f"{headers['Vary']}, origin" if "Vary" in headers else "origin"
        headers["Content-Length"] = str(len(body))
        headers["X-Request-Id"] = request_id
        if answer.content_type:
            headers["Content-Type"] = answer.content_type
        start_response(STATUS_LINES[answer.status_code], list(headers.items()))
        return [body]


def _view_for(environ: Environ) -> type[LeanView] | None:
    """The lean view at this address, if the call may come to it by the short way."""
    if SIGNED[0] not in environ and SIGNED[1] not in environ:
        return None
    path = environ["PATH_INFO"]
    view = lean_views(settings.ROOT_URLCONF).get(path)
    if view is None or environ["REQUEST_METHOD"] not in view.lean or environ.get("SCRIPT_NAME"):
        return None
    if environ.get("HTTP_ORIGIN") or environ.get("HTTP_COOKIE") or not environ.keys().isdisjoint(SPECIAL):
        return None
    asked = environ.get(prefix.ASKED, path)
    return None if str(environ.get("RAW_URI", asked)).partition("?")[0] != asked else view


def _is_for_us(request: HttpRequest) -> bool:
    """Whether it came to our name, and under TLS where that is asked for."""
    if settings.SECURE_SSL_REDIRECT and not request.is_secure():
        return False
    try:
        return bool(request.get_host())
    except DisallowedHost:
        return False


def _answer(
    request: HttpRequest, view: type[LeanView], renderer: BaseRenderer
) -> tuple[Answer, Mapping[str, str]]:
    """As middleware, view and error handling would have it; with the headers of a view that was asked."""
    its_own: Mapping[str, str] = {}
    try:
        paths.refuse_headers(request)
        paths.refuse_body(request, limit=getattr(view, "max_body", MAX_BODY))
        its_own = default_headers(view)  # type: ignore[arg-type]  # mypy takes a class for unhashable here
        return view().answer(request, renderer), its_own
    except Exception as error:  # noqa: BLE001 — refusals become answers, all else is logged and answered 500
        response = problems.answer_to(request, error, view=view)
    log_response("%s: %s", response.reason_phrase, request.path, response=response, request=request)
    headers = dict(response.items())
    return Answer(status_code=response.status_code, headers=headers, body=response.content), its_own


@lru_cache(maxsize=64)
def _is_our_name(host: str, allowed: tuple[str, ...]) -> bool:
    domain, _port = split_domain_port(host)
    return bool(domain) and validate_host(domain, allowed)


@cache
def lean_views(urlconf: str) -> Mapping[str, type[LeanView]]:
    """Lean views by their addresses, out of the route table."""
    return dict(_lean_routes(get_resolver(urlconf).url_patterns, "/"))


def _lean_routes(routes: list[URLPattern | URLResolver], before: str) -> Iterator[tuple[str, type[LeanView]]]:
    for route in routes:
        if not isinstance(route.pattern, RoutePattern) or route.pattern.converters:
            continue
        address = before + str(route.pattern)
        if isinstance(route, URLResolver):
            yield from _lean_routes(route.url_patterns, address)
        elif issubclass(view := getattr(route.callback, "view_class", object), LeanView):
            yield address, cast("type[LeanView]", view)


@cache
def _added(is_secure: bool) -> Mapping[str, str]:  # noqa: FBT001 — a cache knows positions only
    """The headers that an empty answer of the API comes back with, asked once of the middleware passed by."""
    request = HttpRequest()
    request.path = request.path_info = problems.API_PREFIX
    request.META["wsgi.url_scheme"] = "https" if is_secure else "http"
    response: Any = HttpResponse()
    del response.headers["Content-Type"]
    for layer in (PolicyMiddleware, SecurityMiddleware, XFrameOptionsMiddleware):
        response = layer(_nothing).process_response(request, response)
    return dict(response.items())


def _nothing(_: HttpRequest) -> HttpResponse:
    return HttpResponse()
