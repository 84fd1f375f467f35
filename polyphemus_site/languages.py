"""In which language a page speaks: the browser's, where we have it. The API speaks English."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

from polyphemus_site.api.problems import is_api


class PageLanguageMiddleware(LocaleMiddleware):
    """Django's own, for everything but the API."""

    def process_request(self, request: HttpRequest) -> None:
        """Choose the language of this answer."""
        if is_api(request):
            translation.activate(settings.LANGUAGE_CODE)
        else:
            super().process_request(request)

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Say which it is, and that it depends on who asks."""
        if is_api(request):
            return response
        return super().process_response(request, response)
