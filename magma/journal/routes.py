"""`OPTIONS /`: the route list by which Etna's clients find the journal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponseBase, JsonResponse

ROUTES: Final = (
    {"method": "OPTIONS", "route": "/", "name": "", "params": []},
    {
        "method": "POST",
        "route": "/api/log/:project_name/write",
        "name": "log_write",
        "params": ["project_name"],
    },
    {"method": "GET", "route": "/", "name": "", "params": []},
)


class RouteListMiddleware:
    """Answers `OPTIONS /` in Etna's form; the home page itself is another's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Keep the next in line."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The list, or the next one's answer."""
        if request.method == "OPTIONS" and request.path_info == "/":
            return JsonResponse(list(ROUTES), safe=False)
        return self.get_response(request)
