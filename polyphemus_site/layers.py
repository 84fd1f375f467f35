"""Middleware that pages need and programs don't: calls of the API pass it by.

Sessions, messages and a policy for scripts cost a signed poll as much as its signature does.
"""

from __future__ import annotations

from typing import Final

from csp.middleware import CSPMiddleware
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponseBase

from polyphemus_site.api.problems import is_api

#: What is no page may do nothing and stand nowhere.
NO_PAGE: Final = "default-src 'none'; frame-ancestors 'none'"


class PageSessionMiddleware(SessionMiddleware):
    """`request.session`, on pages."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Django's for a page, nothing for the API."""
        return self.get_response(request) if is_api(request) else super().__call__(request)  # type: ignore[return-value]  # no coroutine: we serve WSGI


class PageAuthenticationMiddleware(AuthenticationMiddleware):
    """`request.user` of the admin, on pages."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Django's for a page, nothing for the API."""
        return self.get_response(request) if is_api(request) else super().__call__(request)  # type: ignore[return-value]  # no coroutine: we serve WSGI


class PageMessageMiddleware(MessageMiddleware):
    """What a page is told by the one before."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Django's for a page, nothing for the API."""
        return self.get_response(request) if is_api(request) else super().__call__(request)  # type: ignore[return-value]  # no coroutine: we serve WSGI


class PolicyMiddleware(CSPMiddleware):
    """Content-Security-Policy: a page's own, and the strictest for what is none."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """The policy of settings and view for HTML, wherever it is served."""
        if is_api(request) and not response.headers.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Content-Security-Policy", NO_PAGE)
            return response
        return super().process_response(request, response)
