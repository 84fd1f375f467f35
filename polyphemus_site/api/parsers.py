"""The one parser of the API: strict JSON, read once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from polyphemus_site.api import strict_json
from polyphemus_site.api.signing.keys import Verified
from polyphemus_site.errors import InvalidInputError

#: A signature may cover a NUL, which no document of ours may hold.
NUL_ESCAPE = b"\\u0000"
MEGABYTE = 1024 * 1024
#: What a body may hold, unless its view names another `max_body`.
MAX_BODY = MEGABYTE


class StrictJSONParser(BaseParser):
    """Reads application/json with `strict_json`: refusals are coded, nothing is guessed."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,  # noqa: ARG002 — DRF's signature
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The document in the body; not read again where verifying a signature has read it."""
        return body_of(stream.read(), getattr((parser_context or {}).get("request"), "auth", None))


def body_of(raw: bytes, auth: Any) -> Any:
    """The document in these bytes, as verifying has read it if it did."""
    read = auth.document if isinstance(auth, Verified) else None
    return strict_json.loads(raw) if read is None or NUL_ESCAPE in raw else read


def document_of(request: Request) -> dict[str, Any]:
    """The body as an object with names; `InvalidInputError` for any other JSON, and for no body at all."""
    document = request.data
    if type(document) is not dict:
        raise InvalidInputError(_("The body must be a JSON object."), code="not_an_object")
    return document
