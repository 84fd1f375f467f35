"""Refusals as pages: what a person sees where a program would get problem+json."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from polyphemus_site.api.problems import title_of
from polyphemus_site.errors import PolyphemusError

GetResponse = Callable[[HttpRequest], HttpResponse]


class RefusalPageMiddleware:
    """A `PolyphemusError` raised by a page becomes a page with its sentence and its status."""

    def __init__(self, get_response: GetResponse) -> None:
        """Keep the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Nothing to do on the way in or out."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Turn an expected refusal into a page; leave crashes to be crashes."""
        if not isinstance(exception, PolyphemusError) or request.path.startswith("/api/"):
            return None
        title, agreement = title_of(exception.status), _agreement(request, exception)
        context = {"refusal": exception, "title": title, "agreement": agreement}
        return render(request, "polyphemus/refusal.html", context, status=exception.status)


def _agreement(request: HttpRequest, refusal: PolyphemusError) -> str:
    """Where one agrees to a project's code of conduct, with the way back; mostly empty."""
    address = refusal.members.get("agreement", "")
    back = f"{settings.POLYPHEMUS_URL}{request.get_full_path()}"
    return f"{address}?{urlencode({'refer': back})}" if address else ""
