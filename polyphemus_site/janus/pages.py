"""Pages that are for signed-in people, and pages that Timur may frame."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Concatenate, ParamSpec, cast
from urllib.parse import urlencode

from csp.constants import NONE
from csp.decorators import csp_replace
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from polyphemus_site.janus.cross_site import SAFE_METHODS, origin_of, own_origin
from polyphemus_site.janus.people import Person

logger = logging.getLogger(__name__)

P = ParamSpec("P")
View = Callable[..., HttpResponse]
#: Remember for some seconds that a visitor has hopped, or from which page they were sent to Janus:
#: nobody goes in circles.
HOP_COOKIE = "polyphemus_hop"
DOOR_COOKIE = "polyphemus_door"
MOMENT_SECONDS = 10


class PageRequest(HttpRequest):
    """A request to a page whose visitor is known."""

    person: Person


def signed_in(
    view: Callable[Concatenate[PageRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Let signed-in people through; send others to Janus, without losing what they had typed."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if getattr(request, "person", None) is None:
            return welcome(request, back_to=request.get_full_path())
        response = view(cast("PageRequest", request), *args, **kwargs)
        patch_vary_headers(response, ["Cookie"])
        patch_cache_control(response, private=True)
        return response

    return cast("Callable[Concatenate[HttpRequest, P], HttpResponse]", guarded)


def welcome(request: HttpRequest, *, back_to: str) -> HttpResponse:
    """What a visitor we don't know gets: their own form back, a hop, or Janus's door."""
    url = f"{own_origin()}{back_to}"
    if request.method not in SAFE_METHODS:
        return _form_kept(request, status=HTTPStatus.UNAUTHORIZED)
    if request.headers.get("Sec-Fetch-Site") == "cross-site" and HOP_COOKIE not in request.COOKIES:
        return _hop(request, url)
    return _door(request, url)


def login_url(refer: str) -> str:
    """Janus's login, which comes back to `refer`; empty where no Janus is set."""
    if not settings.POLYPHEMUS_JANUS_URL:
        return ""
    return f"{settings.POLYPHEMUS_JANUS_URL}/login?{urlencode({'refer': refer})}"


@require_safe
def sign_in(request: HttpRequest) -> HttpResponse:
    """`/-/sign-in?back=`: through Janus's door and back to a page of ours or of Timur's; nowhere else."""
    back = request.GET.get("back", "")
    if origin_of(back) not in {own_origin(), *settings.POLYPHEMUS_TIMUR_ORIGINS}:
        back = f"{settings.POLYPHEMUS_URL}/"
    if getattr(request, "person", None) is not None:
        return HttpResponseRedirect(back)
    return _door(request, back)


def _door(request: HttpRequest, url: str) -> HttpResponse:
    """To Janus; a page with the way there when there is no Janus, or the visitor just comes from it."""
    login, page = login_url(url), hashlib.sha256(url.encode(errors="replace")).hexdigest()[:16]
    if not login or request.COOKIES.get(DOOR_COOKIE) == page:
        context = {"login": login, "refused": request.COOKIES.get(settings.POLYPHEMUS_JANUS_COOKIE)}
        return render(request, "janus/signed_out.html", context, status=HTTPStatus.UNAUTHORIZED)
    response = HttpResponseRedirect(login)
    _remember(response, DOOR_COOKIE, page)
    return response


def _remember(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(name, value, max_age=MOMENT_SECONDS, samesite="Lax", httponly=True)


def _hop(request: HttpRequest, url: str) -> HttpResponse:
    """A link from another site brings no SameSite=Strict cookie; a step from our own page does."""
    response = render(request, "janus/hop.html", {"url": url})
    _remember(response, HOP_COOKIE, "1")
    patch_cache_control(response, no_store=True)
    return response


def form_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """What a form without its secret gets: one of our own comes back whole, a stranger's doesn't."""
    if request.headers.get("Origin") == own_origin():
        return _form_kept(request, status=HTTPStatus.FORBIDDEN)
    logger.warning("A form of %s is refused: %s", request.headers.get("Origin", "nowhere"), reason)
    return render(request, "janus/foreign_form.html", status=HTTPStatus.FORBIDDEN)


def _form_page(request: HttpRequest) -> str:
    """Where the form stood: the address it is sent to may show nothing."""
    page = request.headers.get("Referer", "")
    return page if origin_of(page) == own_origin() else f"{settings.POLYPHEMUS_URL}/"


def _form_kept(request: HttpRequest, *, status: HTTPStatus) -> HttpResponse:
    """The session ended while the form was filled in: it comes back, to be sent again after signing in."""
    fields = [
        (name, value)
        for name, values in request.POST.lists()
        if name != "csrfmiddlewaretoken"
        for value in values
    ]
    context = {"fields": fields, "login": login_url(_form_page(request))}
    return render(request, "janus/form_kept.html", context, status=status)


def embeddable(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Let Timur's origins frame this page; every other page can't be framed at all."""

    @wraps(view)
    def framed(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        framing = csp_replace({"frame-ancestors": settings.POLYPHEMUS_TIMUR_ORIGINS or [NONE]})
        open_view = cast("View", framing(xframe_options_exempt(cast("View", view))))
        return open_view(request, *args, **kwargs)

    return cast("Callable[Concatenate[HttpRequest, P], HttpResponse]", framed)
