"""The short way to a `LeanView`: past what only browsers need, for the calls that come by the thousand.

Sessions, cookies, forms, cross-origin rules and pages each look at every request and every answer; to a
signed poll they cost more than its signature, its key and its list together. A program that signs its calls
has none of them. Its call is judged by the same rules (`paths`), goes to the same view of the same route
table, and comes back with the same headers; a test compares both ways. Whatever is unusual goes the long way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.db import DEFAULT_DB_ALIAS, connections
from django.http import HttpRequest, HttpResponse
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern
from django.utils import translation
from django.utils.log import log_response

from polyphemus_site.api import paths, problems
from polyphemus_site.api.lean import SIGNED, LeanView
from polyphemus_site.api.parsers import MAX_BODY
from polyphemus_site.api.request_ids import named_request
from polyphemus_site.layers import PolicyMiddleware

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


class Application(WSGIHandler):
    """Django's application, with the short way before it."""

    def __call__(self, environ: Environ, start_response: StartResponse) -> Any:
        """Answer a program's signed call to a lean view; give Django all others."""
        view = _view_for(environ)
        if view is None:
            return super().__call__(environ, start_response)
        request = WSGIRequest(environ)
        if not _is_for_us(request):
            return super().__call__(environ, start_response)
        connections[DEFAULT_DB_ALIAS].close_if_unusable_or_obsolete()
        translation.activate(settings.LANGUAGE_CODE)  # this thread may have shown somebody a page in theirs
        with named_request(request) as request_id:
            response = _answer(request, view)
        headers = [*response.items(), ("X-Request-Id", request_id)]
        start_response(f"{response.status_code} {response.reason_phrase}", headers)
        return [response.content]


def _view_for(environ: Environ) -> Any | None:
    """The lean view at this address, if the call may come to it by the short way."""
    if SIGNED[0] not in environ and SIGNED[1] not in environ:
        return None
    path = environ["PATH_INFO"]
    view = lean_views(settings.ROOT_URLCONF).get(path)
    if view is None or environ["REQUEST_METHOD"] not in view.view_class.lean or environ.get("SCRIPT_NAME"):
        return None
    if environ.get("HTTP_ORIGIN") or environ.get("HTTP_COOKIE"):  # what browsers send
        return None
    return None if str(environ.get("RAW_URI", path)).partition("?")[0] != path else view


def _is_for_us(request: HttpRequest) -> bool:
    """Whether it came to our name, and under TLS where that is asked for."""
    if settings.SECURE_SSL_REDIRECT and not request.is_secure():
        return False
    try:
        return bool(request.get_host())
    except DisallowedHost:
        return False


def _answer(request: HttpRequest, view: Any) -> Any:
    """As middleware, view and error handling would have it."""
    try:
        paths.refuse_headers(request)
        paths.refuse_body(request, limit=getattr(view.view_class, "max_body", MAX_BODY))
        response = view(request)
        if not getattr(response, "is_rendered", True):  # what the lean way gave over to DRF's
            response = response.render()
    except Exception as error:  # noqa: BLE001 — refusals become answers, all else is logged and answered 500
        response = problems.answer_to(request, error, view=view)
    headers = response.headers
    for name, value in _added(request.is_secure()):
        headers.setdefault(name, value)
    headers["Vary"] = f"{headers['Vary']}, origin" if "Vary" in headers else "origin"
    headers.setdefault("Content-Length", str(len(response.content)))
    if response.status_code >= HTTPStatus.BAD_REQUEST:
        log_response("%s: %s", response.reason_phrase, request.path, response=response, request=request)
    return response


@cache
def lean_views(urlconf: str) -> Mapping[str, Any]:
    """Lean views by their addresses, out of the route table."""
    return dict(_lean_routes(get_resolver(urlconf).url_patterns, "/"))


def _lean_routes(routes: list[URLPattern | URLResolver], before: str) -> Iterator[tuple[str, Any]]:
    for route in routes:
        if not isinstance(route.pattern, RoutePattern) or route.pattern.converters:
            continue
        address = before + str(route.pattern)
        if isinstance(route, URLResolver):
            yield from _lean_routes(route.url_patterns, address)
        elif issubclass(getattr(route.callback, "view_class", object), LeanView):
            yield address, route.callback


@cache
def _added(is_secure: bool) -> tuple[tuple[str, str], ...]:  # noqa: FBT001 — a cache knows positions only
    """The headers that an empty answer of the API comes back with, asked once of the middleware passed by."""
    request = HttpRequest()
    request.path = request.path_info = problems.API_PREFIX
    request.META["wsgi.url_scheme"] = "https" if is_secure else "http"
    response: Any = HttpResponse()
    del response.headers["Content-Type"]
    for layer in (PolicyMiddleware, SecurityMiddleware, XFrameOptionsMiddleware):
        response = layer(_nothing).process_response(request, response)
    return tuple(response.items())


def _nothing(_: HttpRequest) -> HttpResponse:
    return HttpResponse()
