"""Every error of the API is application/problem+json (RFC 9457) with a stable code."""

from __future__ import annotations

import logging
import sys
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from django.views import defaults
from rest_framework import exceptions

from polyphemus_site.api.request_ids import request_id_of
from polyphemus_site.errors import PolyphemusError

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5
CHALLENGE = 'Signature realm="polyphemus"'
#: Addresses that speak JSON only; everything else is a page.
API_PREFIX = "/api/"

Problem = dict[str, Any]

#: DRF's own refusals, in our words for programs.
_CODES: dict[type[exceptions.APIException], str] = {
    exceptions.ParseError: "malformed_json",
    exceptions.ValidationError: "invalid",
    exceptions.PermissionDenied: "forbidden",
    exceptions.NotFound: "not_found",
    exceptions.MethodNotAllowed: "method_not_allowed",
    exceptions.NotAcceptable: "not_acceptable",
    exceptions.UnsupportedMediaType: "unsupported_media_type",
    exceptions.Throttled: "throttled",
}

#: Django's own refusals.
_DJANGO: dict[type[Exception], tuple[int, str]] = {
    Http404: (404, "not_found"),
    PermissionDenied: (403, "forbidden"),
    SuspiciousOperation: (400, "bad_request"),
}


#: What we answer with, for the catalogues: Python's own words.
TITLES = (
    _("Bad Request"),
    _("Unauthorized"),
    _("Forbidden"),
    _("Not Found"),
    _("Method Not Allowed"),
    _("Not Acceptable"),
    _("Conflict"),
    _("Length Required"),
    _("Precondition Failed"),
    _("Request Entity Too Large"),
    _("Unsupported Media Type"),
    _("Unprocessable Entity"),
    _("Precondition Required"),
    _("Too Many Requests"),
    _("Internal Server Error"),
    _("Service Unavailable"),
)


def title_of(status: int) -> str:
    """A status in words, for whoever is asking."""
    return gettext(HTTPStatus(status).phrase)


def problem(request: HttpRequest, status: int, code: str, detail: str = "", **members: Any) -> Problem:
    """The body of an error: standard members first, then the error's own."""
    body: Problem = {
        "type": "about:blank",
        "title": title_of(status),
        "status": int(status),
        "code": code,
    }
    if detail:
        body["detail"] = detail
    body["instance"] = f"urn:uuid:{request_id_of(request)}"
    return body | members


def unauthorized(request: HttpRequest) -> HttpResponse:
    """The one answer to every failed authentication; nothing in it tells them apart but the request's id."""
    return _answer(problem(request, 401, "unauthorized"), {"WWW-Authenticate": CHALLENGE})


def answer(request: HttpRequest, error: PolyphemusError) -> HttpResponse:
    """A refusal of ours, for code outside DRF's views; `retry_after` among its members becomes the header."""
    if error.status == HTTPStatus.UNAUTHORIZED:
        return unauthorized(request)
    body = problem(request, error.status, error.code, error.message, **error.members)
    return _answer(body, _retry_after(error.members.get("retry_after")))


def exception_handler(error: Exception, context: dict[str, Any]) -> HttpResponseBase | None:
    """DRF's hook."""
    return answer_to(context["request"]._request, error, view=context["view"])  # noqa: SLF001 — DRF offers no public name for the request it wraps


def answer_to(request: HttpRequest, error: Exception, *, view: object) -> HttpResponse:
    """What a view raised: a refusal becomes a problem, all else is logged with its trace and answered 500."""
    refused = _refusal(request, error)
    if refused is not None:
        return refused
    if isinstance(error, OperationalError | InterfaceError):
        return _unavailable(request, error, getattr(view, "unavailable_status", 503))
    logger.error("request %s failed", request_id_of(request), exc_info=error)
    return _answer(problem(request, 500, "internal"), {})


def _refusal(request: HttpRequest, error: Exception) -> HttpResponse | None:
    if isinstance(error, PolyphemusError):
        return answer(request, error)
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        return unauthorized(request)
    if isinstance(error, exceptions.APIException):
        return _drf_refusal(request, error)
    for kind, (status, code) in _DJANGO.items():
        if isinstance(error, kind):
            return _answer(problem(request, status, code), {})
    return None


def _unavailable(request: HttpRequest, error: Exception, status: int) -> HttpResponse:
    """The database is away: no fault of the caller's, and none of the code's."""
    logger.error("request %s met no database: %s", request_id_of(request), error)
    return _answer(
        problem(request, status, "unavailable", gettext("Try again in a moment.")),
        _retry_after(RETRY_AFTER_S),
    )


def _drf_refusal(request: HttpRequest, error: exceptions.APIException) -> HttpResponse:
    code = next((code for kind, code in _CODES.items() if isinstance(error, kind)), "refused")
    headers = _retry_after(getattr(error, "wait", None))
    if isinstance(error, exceptions.ValidationError):
        body = problem(
            request, error.status_code, code, gettext("The request breaks a rule."), errors=error.detail
        )
    else:
        body = problem(request, error.status_code, code, str(error.detail))
    return _answer(body, headers)


def _retry_after(seconds: float | None) -> dict[str, str]:
    return {} if seconds is None else {"Retry-After": str(int(-(-seconds // 1)))}


def _answer(body: Problem, headers: dict[str, str]) -> HttpResponse:
    response = JsonResponse(body, status=body["status"], content_type=MEDIA_TYPE, headers=headers)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Length"] = str(len(response.content))
    return response


def is_api(request: HttpRequest) -> bool:
    """Whether the address belongs to the API, resolved or not."""
    return request.path_info.startswith(API_PREFIX)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400: what Django finds suspicious (an unknown Host, among others)."""
    if is_api(request):
        return _answer(problem(request, 400, "bad_request"), {})
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler403."""
    if is_api(request):
        return _answer(problem(request, 403, "forbidden"), {})
    return defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404."""
    if is_api(request):
        return _answer(problem(request, 404, "not_found"), {})
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: Django has logged the trace already; the id lets people find it."""
    logger.error("request %s failed outside a view", request_id_of(request), exc_info=sys.exc_info())
    if is_api(request):
        return _answer(problem(request, 500, "internal"), {})
    return defaults.server_error(request)
