"""Tells whoever signs with a key that ends before long until when it is believed.

The hint goes with every answer to a believed call, a refusal among them: a program that only ever loses its
bids must hear of it, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from django.http import HttpRequest, HttpResponseBase

HEADER: Final = "Polyphemus-Key-Ends"
META_KEY: Final = "polyphemus.key_ends"
NOTHING: Final[Mapping[str, str]] = {}


def note(request: HttpRequest, end: datetime) -> None:
    """Keep it until the request is answered."""
    instant = end.astimezone(UTC).isoformat(timespec="milliseconds")
    request.META[META_KEY] = instant.replace("+00:00", "Z")


def headers_for(request: HttpRequest) -> Mapping[str, str]:
    """What the answer says of the caller's key; nothing for one that goes on."""
    end = request.META.get(META_KEY)
    return {HEADER: end} if end else NOTHING


class KeyEndsMiddleware:
    """Adds the hint to the answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Keep the next in line."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, with the hint beside the answer."""
        response = self.get_response(request)
        for name, value in headers_for(request).items():
            response.headers[name] = value
        return response
