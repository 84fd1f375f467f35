"""What the documentation says of the API is what there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from django.urls import URLPattern, URLResolver, get_resolver

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "api.md"
SAFE = {"HEAD", "OPTIONS"}
WRITTEN = re.compile(r"^\| `((?:GET|POST|PUT|DELETE|PATCH) /api/v1/[^`]+)`", re.MULTILINE)
PARAMETER = re.compile(r"<(?:[a-z]+:)?([a-z_]+)>")


def routes(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    """`METHOD /path` of every address under /api/v1/."""
    for pattern in patterns:
        address = f"{before}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, address)
        elif address.startswith("api/v1/"):
            path = PARAMETER.sub(r"{\1}", address)
            view = getattr(pattern.callback, "cls", None)
            methods = set(view().allowed_methods) - SAFE if view else {"GET"}
            yield from (f"{method} /{path}" for method in methods)


def test_every_route_of_the_api_is_documented_and_no_other() -> None:
    written = set(WRITTEN.findall(REFERENCE.read_text(encoding="utf-8")))

    assert written == set(routes(get_resolver().url_patterns))
