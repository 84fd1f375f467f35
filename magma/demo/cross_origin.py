"""What a page of a sibling host may ask: Etna lets in every origin of its own domain, with its cookies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from magma.demo.answers import Reply

if TYPE_CHECKING:
    from magma.demo.warehouse import Request

METHODS = "GET, POST, PUT, DELETE, OPTIONS"


def answered(request: Request, answer: Callable[[Request], Reply]) -> Reply:
    """The answer, with leave for the asking page to read it; a preflight is answered here."""
    origin = request.headers.get("Origin")
    if origin is None:
        return answer(request)
    leave = _leave(origin, request.headers)
    if request.method != "OPTIONS":
        reply = answer(request)
        return replace(reply, headers=(*reply.headers, *leave))
    asked = request.headers.get("Access-Control-Request-Headers", "")
    allowed = (("Access-Control-Allow-Methods", METHODS), ("Access-Control-Allow-Headers", asked))
    return Reply(200, b"", None, headers=(*allowed, *leave) if leave else ())


def _leave(origin: str, headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Origins whose host ends in the same two words as ours."""
    own = urlsplit(f"//{headers.get('Host', '')}").hostname or ""
    if (urlsplit(origin).hostname or "").split(".")[-2:] != own.split(".")[-2:]:
        return ()
    return (("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true"))
