"""In which language we answer: people in their browser's, where we have it; programs in English.

What an analyst's program is told ends in its log, where whoever keeps it searches for it; `code` is what
programs read. A person's browser asks the API too, for a widget, and shows its sentences.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

from polyphemus_site.api.lean import SIGNED
from polyphemus_site.api.problems import is_api
from polyphemus_site.api.signing import etna
from polyphemus_site.janus.credentials import credentials_of


class LanguageMiddleware(LocaleMiddleware):
    """Django's own, for pages and for people's calls of the API."""

    def process_request(self, request: HttpRequest) -> None:
        """Choose the language of this answer."""
        if is_for_a_program(request):
            translation.activate(settings.LANGUAGE_CODE)
        else:
            super().process_request(request)

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Say which it is, and that it depends on who asks."""
        if is_for_a_program(request):
            return response
        return super().process_response(request, response)


def is_for_a_program(request: HttpRequest) -> bool:
    """Whether the API was called without a person's token, or with any part of a signature beside it."""
    if not is_api(request):
        return False
    credentials = credentials_of(request)
    query = str(request.META.get("QUERY_STRING", "")).lower()
    is_signed = any(name in request.META for name in SIGNED) or etna.PREFIX.lower() in query
    return is_signed or credentials is None or not credentials.token
