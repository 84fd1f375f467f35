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
from django.utils.deprecation import MiddlewareMixin

from polyphemus_site.api.problems import is_api

#: What is no page may do nothing and stand nowhere.
NO_PAGE: Final = "default-src 'none'; frame-ancestors 'none'"


class PagesOnly(MiddlewareMixin):
    """Django's own layer for a page, nothing for the API."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Through this layer, or past it."""
        return self.get_response(request) if is_api(request) else super().__call__(request)  # type: ignore[return-value]  # no coroutine: we serve WSGI


class PageSessionMiddleware(PagesOnly, SessionMiddleware):
    """`request.session`, on pages."""


class PageAuthenticationMiddleware(PagesOnly, AuthenticationMiddleware):
    """`request.user` of the admin, on pages."""


class PageMessageMiddleware(PagesOnly, MessageMiddleware):
    """What a page is told by the one before."""


class PolicyMiddleware(CSPMiddleware):
    """Content-Security-Policy: a page's own, and the strictest for what is none."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """The policy of settings and view for HTML, wherever it is served."""
        if is_api(request) and not response.headers.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Content-Security-Policy", NO_PAGE)
            return response
        return super().process_response(request, response)
