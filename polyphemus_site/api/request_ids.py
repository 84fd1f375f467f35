"""Every request has an id, in its answer and in every line logged about it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponseBase

META_KEY = "polyphemus.request_id"
#: For the log, which sees no request.
current_id: ContextVar[str] = ContextVar("request_id", default="")


def request_id_of(request: HttpRequest) -> str:
    """The id given to this request; one is given now if the middleware has not seen it."""
    known = request.META.get(META_KEY)
    return str(known) if known else str(request.META.setdefault(META_KEY, str(uuid.uuid4())))


@contextmanager
def named_request(request: HttpRequest) -> Iterator[str]:
    """Give the request its id, and the log too, while it is answered."""
    request_id = request.META[META_KEY] = str(uuid.uuid4())
    token = current_id.set(request_id)
    try:
        yield request_id
    finally:
        current_id.reset(token)


class RequestIdMiddleware:
    """Names each request by a fresh UUID, returned as `X-Request-Id`; a caller's own id is not taken over."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Keep the next in line."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, with the id beside the answer."""
        with named_request(request) as request_id:
            response = self.get_response(request)
        response.headers["X-Request-Id"] = request_id
        return response
