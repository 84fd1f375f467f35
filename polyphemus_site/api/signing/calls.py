"""A call as it came over the wire: plain values, so that verifying needs no framework."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

from django.http import HttpRequest

from polyphemus_site.api import strict_json
from polyphemus_site.api.signing.refusals import SignatureRefusedError
from polyphemus_site.prefix import ASKED, rest_of

JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"
PATH = re.compile(r"/[A-Za-z0-9._~/-]*")
#: Etna's client sends its scheme with an empty token.
NO_CREDENTIALS = ("", "etna")
HEX = frozenset("0123456789abcdefABCDEF")


@dataclass(frozen=True)
class Call:
    """One HTTP request.

    `path` and `raw_query` are as sent, neither decoded nor normalised. Header names are lower case; values
    are text whose undecodable bytes are kept as surrogate escapes. `route`: what the path gave the view.
    `rest`: what follows our own prefix in the path, if we have one.
    """

    method: str
    host: str
    path: str
    raw_query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(default=b"", repr=False)
    route: Mapping[str, str] = field(default_factory=dict)
    rest: str | None = None

    def header(self, name: str) -> str | None:
        """The one value of a header, `None` without it; refused when it is there twice."""
        if name in self._repeated:
            raise SignatureRefusedError("duplicate header")
        return self._by_name.get(name)

    def carries(self, name: str) -> bool:
        """Whether there is such a header."""
        return name in self._by_name

    @cached_property
    def _by_name(self) -> dict[str, str]:
        return dict(self.headers)

    @cached_property
    def _repeated(self) -> frozenset[str]:
        if len(self._by_name) == len(self.headers):
            return frozenset()
        counts = Counter(name for name, _ in self.headers)
        return frozenset(name for name, count in counts.items() if count > 1)

    @cached_property
    def query(self) -> dict[str, str]:
        """The query's fields; refused when one is there twice, or is not plainly `name=value`."""
        return pairs_of(self.raw_query, where="query param")

    @cached_property
    def content_type(self) -> str:
        """The media type of the body, without parameters, lower case."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @cached_property
    def body_fields(self) -> dict[str, Any]:
        """The body's named values; `InvalidInputError` for bad JSON, refused for a body that has no names."""
        if not self.body:
            return {}
        if self.content_type == FORM_TYPE:
            return dict(pairs_of(self.body.decode("latin-1"), where="body field"))
        if self.content_type != JSON_TYPE:
            raise SignatureRefusedError("unsigned body")
        document = strict_json.loads(self.body, nul_allowed=True)
        if not isinstance(document, dict):
            raise SignatureRefusedError("body without names")
        return document

    def refuse_unless_plain(self, host: str) -> None:
        """Refuse what proxies may rewrite, what was meant for another host, and other credentials beside."""
        if not PATH.fullmatch(self.path) or "//" in self.path or {".", ".."} & set(self.path.split("/")):
            raise SignatureRefusedError("path charset")
        if self.host != host.lower():
            raise SignatureRefusedError("Host header")
        if (self.header("authorization") or "").strip().lower() not in NO_CREDENTIALS:
            raise SignatureRefusedError("two kinds of credentials")


def pairs_of(raw: str, *, where: str) -> dict[str, str]:
    """A query's or form's fields, each once and with its `=`; what others might split otherwise: refused."""
    if not raw:
        return {}
    if ";" in raw:
        raise SignatureRefusedError(f"malformed {where}")
    pairs = [_pair(part, where=where) for part in raw.split("&") if part]
    if any("[" in name or "]" in name for name, _ in pairs):
        raise SignatureRefusedError(f"bracketed {where}")
    if any(count > 1 for count in Counter(name for name, _ in pairs).values()):
        raise SignatureRefusedError(f"duplicate {where}")
    return dict(pairs)


def _pair(part: str, *, where: str) -> tuple[str, str]:
    name, equals, value = part.partition("=")
    if not equals:
        raise SignatureRefusedError(f"malformed {where}")
    return _decoded(name, where=where), _decoded(value, where=where)


def _decoded(text: str, *, where: str) -> str:
    for escape in text.split("%")[1:]:
        if len(escape) < 2 or not HEX.issuperset(escape[:2]):  # noqa: PLR2004 — an escape is two hex digits
            raise SignatureRefusedError(f"malformed {where}")
    try:
        return unquote_to_bytes(text.replace("+", " ").encode("latin-1")).decode("utf-8")
    except UnicodeError as error:
        raise SignatureRefusedError("invalid utf-8") from error


def call_of(request: HttpRequest, route: Mapping[str, Any]) -> Call:
    """The call behind a Django request; `route` is what the address resolved to."""
    path = raw_path(request)
    return Call(
        method=request.META["REQUEST_METHOD"],
        host=_bare_host(request.get_host()),
        path=path,
        raw_query=request.META.get("QUERY_STRING", ""),
        headers=tuple(_headers(request)),
        body=request.body,
        route={name: str(value) for name, value in route.items()},
        rest=rest_of(path),
    )


def raw_path(request: HttpRequest) -> str:
    """The path as sent where the server tells (gunicorn), else as decoded: our addresses need no escapes."""
    raw = request.META.get("RAW_URI")
    if raw is not None:
        return str(raw).partition("?")[0]
    return str(request.META.get(ASKED) or request.META.get("PATH_INFO", ""))


def _bare_host(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).lower()


def _headers(request: HttpRequest) -> list[tuple[str, str]]:
    return [
        (_wire_name(key), _text(str(value)))
        for key, value in request.META.items()
        if key.startswith("HTTP_") or (key in ("CONTENT_TYPE", "CONTENT_LENGTH") and value)
    ]


@lru_cache(maxsize=1024)
def _wire_name(key: str) -> str:
    return key.removeprefix("HTTP_").replace("_", "-").lower()


def _text(value: str) -> str:
    """WSGI hands bytes over as latin-1; people write UTF-8."""
    if value.isascii():
        return value
    return value.encode("latin-1", "replace").decode("utf-8", "surrogateescape")
