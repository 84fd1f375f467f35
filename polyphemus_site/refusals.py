"""Refusals as pages: what a person sees where a program would get problem+json."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from polyphemus_site.api.problems import is_api, title_of
from polyphemus_site.errors import PolyphemusError
from polyphemus_site.janus.cross_site import own_origin

GetResponse = Callable[[HttpRequest], HttpResponse]


class RefusalPageMiddleware:
    """A `PolyphemusError` raised by a page becomes a page with its sentence and its status."""

    def __init__(self, get_response: GetResponse) -> None:
        """Keep the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Django refuses a method without a word; a person who came by an address of a form gets a page."""
        response = self.get_response(request)
        if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED or response.content or is_api(request):
            return response
        page = _page(request, PolyphemusError(_("This address takes forms, and shows nothing.")), 405)
        page.headers["Allow"] = response.headers["Allow"]
        return page

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Turn an expected refusal into a page; leave crashes to be crashes."""
        if not isinstance(exception, PolyphemusError) or is_api(request):
            return None
        return _page(request, exception, exception.status)


def _page(request: HttpRequest, refusal: PolyphemusError, status: int) -> HttpResponse:
    title, agreement = title_of(status), _agreement(request, refusal)
    context = {"refusal": refusal, "title": title, "agreement": agreement}
    return render(request, "polyphemus/refusal.html", context, status=status)


def _agreement(request: HttpRequest, refusal: PolyphemusError) -> str:
    """Where one agrees to a project's code of conduct, with the way back; mostly empty."""
    address = refusal.members.get("agreement", "")
    back = f"{own_origin()}{request.get_full_path()}"
    return f"{address}?{urlencode({'refer': back})}" if address else ""
