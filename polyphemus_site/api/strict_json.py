"""JSON read strictly: what two readers could understand differently is refused, with a code."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from django.utils.translation import gettext as _

from polyphemus_site.errors import InvalidInputError

#: Deeper than any document of ours by far; an honest sender never meets it.
MAX_DEPTH = 64
NUL = "\x00"


def loads(raw: bytes, *, nul_allowed: bool = False) -> Any:
    """The document in `raw`, or `InvalidInputError` with the code of what is wrong with it.

    Refused: an empty body, bytes that are not UTF-8, duplicate keys, NaN and infinities, halves of surrogate
    pairs, nesting beyond `MAX_DEPTH`, and NUL characters (PostgreSQL can't keep them) unless `nul_allowed`.
    """
    text = _decoded(raw)
    try:
        document = _decoder.decode(text)
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        raise InvalidInputError(
            _("The body is not JSON: %(error)s.") % {"error": error}, code="malformed_json"
        ) from error
    _refuse_what_cannot_be_kept(document, nul_allowed=nul_allowed)
    return document


def _decoded(raw: bytes) -> str:
    if not raw.strip():
        raise InvalidInputError(_("The body is empty; a JSON document was expected."), code="empty_body")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            _("The body is not UTF-8 (byte %(start)s).") % {"start": error.start}, code="not_utf8"
        ) from error


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object whose keys are all different: of two equal ones each reader picks another."""
    document = dict(pairs)
    if len(document) < len(pairs):
        keys = [key for key, _ in pairs]
        twin = next(key for key in keys if keys.count(key) > 1)
        raise InvalidInputError(_("The key %(twin)r is given twice.") % {"twin": twin}, code="duplicate_key")
    return document


def _no_such_number(word: str) -> NoReturn:
    raise InvalidInputError(_("%(word)s is not a JSON number.") % {"word": word}, code="bad_number")


_decoder = json.JSONDecoder(object_pairs_hook=_once_each, parse_constant=_no_such_number)


def _refuse_what_cannot_be_kept(document: Any, *, nul_allowed: bool) -> None:
    """Walk the document without recursion, so that depth itself can't hurt."""
    waiting: list[tuple[Any, int]] = [(document, 1)]
    while waiting:
        value, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise _too_deep()
        if isinstance(value, str):
            _refuse_text(value, nul_allowed=nul_allowed)
        elif isinstance(value, float):
            _refuse_infinity(value)
        elif isinstance(value, list):
            waiting.extend((item, depth + 1) for item in value)
        elif isinstance(value, dict):
            waiting.extend((key, depth) for key in value)
            waiting.extend((item, depth + 1) for item in value.values())


def _refuse_text(text: str, *, nul_allowed: bool) -> None:
    if NUL in text and not nul_allowed:
        raise InvalidInputError(_("The body holds a NUL character."), code="bad_text")
    if text.isascii():
        return
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidInputError(_("The body holds half of a surrogate pair."), code="bad_text") from error


def _refuse_infinity(number: float) -> None:
    if not math.isfinite(number):
        raise InvalidInputError(_("The body holds a number too large to keep."), code="bad_number")


def _too_deep() -> InvalidInputError:
    return InvalidInputError(
        _("The body is nested more than %(most)s deep.") % {"most": MAX_DEPTH}, code="too_deep"
    )
