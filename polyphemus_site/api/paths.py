"""What a request must look like before anything of it is believed: refused with 400, 411, 413 or 415."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

from polyphemus_site.api import problems
from polyphemus_site.api.parsers import MAX_BODY, MEGABYTE
from polyphemus_site.api.signing import etna
from polyphemus_site.api.signing.calls import raw_path
from polyphemus_site.errors import InvalidInputError, PolyphemusError

#: Proxies rewrite everything else (escapes, doubled slashes, dots), and what is signed is the path as sent.
API_PATH = re.compile(r"/[A-Za-z0-9._~/-]*")
MAX_TARGET = 8 * 1024
MAX_HEADERS = 64 * 1024


class TooLargeError(PolyphemusError):
    """More bytes than this address takes."""

    code = "too_large"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class LengthRequiredError(PolyphemusError):
    """A body without a Content-Length."""

    code = "length_required"
    status = HTTPStatus.LENGTH_REQUIRED


class UnsupportedMediaTypeError(PolyphemusError):
    """A body that is not plain JSON."""

    code = "unsupported_media_type"
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class ShapeMiddleware:
    """Refuses API calls whose path, headers or body could be read in two ways, before authentication."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Keep the next in line."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Judge what is known before the address is resolved."""
        if not _is_api(request):
            if _holds_nul(request):
                raise BadRequest("No text here holds a NUL.")
            return self.get_response(request)
        try:
            refuse_path(raw_path(request))
            refuse_path(request.META.get("PATH_INFO", ""))
            refuse_headers(request)
        except PolyphemusError as error:
            return problems.answer(request, error)
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: Any, _kwargs: Any
    ) -> HttpResponseBase | None:
        """Judge the body by the limit of the view that will read it."""
        if not _is_api(request):
            return None
        try:
            refuse_body(request, limit=getattr(getattr(view, "cls", None), "max_body", MAX_BODY))
        except PolyphemusError as error:
            return problems.answer(request, error)
        return None


def refuse_path(path: str) -> None:
    """`InvalidInputError` unless every server and proxy reads this path alike."""
    if not API_PATH.fullmatch(path) or "//" in path or {".", ".."} & set(path.split("/")):
        raise InvalidInputError(
            _(
                "Paths here hold letters, digits, '.', '_', '~' and '-' only, and no empty or dotted "
                "segments."
            ),
            code="bad_path",
        )


def _is_api(request: HttpRequest) -> bool:
    return problems.is_api(request) or raw_path(request).startswith(problems.API_PREFIX)


def _holds_nul(request: HttpRequest) -> bool:
    """PostgreSQL can't keep one, so nothing can be found by it; fields of Etna's are only signed."""
    query = request.META.get("QUERY_STRING", "")
    in_query = "%00" in query and any(
        "%00" in part for part in query.split("&") if not part.startswith(etna.PREFIX)
    )
    return in_query or "\0" in request.META.get("PATH_INFO", "")


def refuse_headers(request: HttpRequest) -> None:
    """A refusal for headers that are too many, or say of the body what two readers could take differently."""
    meta = request.META
    if _holds_nul(request):
        raise InvalidInputError(_("No text here holds a NUL."), code="bad_text")
    size = sum([len(key) + len(value) for key, value in meta.items() if key.startswith("HTTP_")])
    if size > MAX_HEADERS or len(meta.get("QUERY_STRING", "")) > MAX_TARGET:
        raise InvalidInputError(_("The request's headers or address are too long."), code="headers_too_large")
    if meta["REQUEST_METHOD"] != meta["REQUEST_METHOD"].upper():
        raise InvalidInputError(_("Methods are upper case."), code="bad_method")
    if "HTTP_TRANSFER_ENCODING" in meta:
        raise LengthRequiredError(_("Send the body with a Content-Length."))
    if meta.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise UnsupportedMediaTypeError(
            _("Send the body as it is, not compressed."), code="unsupported_content_encoding"
        )


def refuse_body(request: HttpRequest, *, limit: int) -> None:
    """A refusal for a body that is too long, shorter than announced, or not plain JSON."""
    length = _length(request.META.get("CONTENT_LENGTH") or "0")
    if length > limit:
        raise TooLargeError(
            _("This address takes bodies of up to %(most)s MB.") % {"most": limit // MEGABYTE}, limit=limit
        )
    if not length:
        return
    if len(request.body) < length:
        raise InvalidInputError(_("The body is shorter than its Content-Length."), code="short_body")
    if not _is_json(request):
        raise UnsupportedMediaTypeError(_("Send application/json."))


def _length(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise InvalidInputError(_("Content-Length is not a number."), code="bad_length")
    return int(text)


def _is_json(request: HttpRequest) -> bool:
    charset = request.content_params.get("charset", "utf-8") if request.content_params else "utf-8"
    return request.content_type == "application/json" and charset.lower() == "utf-8"
