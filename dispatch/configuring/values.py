"""Between what is typed and what is meant: text to JSON values and back, and the sparse params of a form."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

from dispatch.configuring.fields import Field, Kind, Section

PREFIX = "p."
WHOLE = re.compile(r"[+-]?[0-9]{1,40}", re.ASCII)
TRUTHS = {"true": True, "false": False}


class Sent(Protocol):
    """A form as it was sent: of several values under a name the last counts."""

    def get(self, key: str, /) -> str | None:
        """The last value under a name."""

    def __contains__(self, key: object, /) -> bool:
        """Whether anything was sent under a name."""


def spelled(value: object) -> str:
    """A value as a form shows it: text as it is, anything else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def text_of(field: Field, value: object) -> str:
    """The value as this field shows it."""
    if field.kind is Kind.LINES and isinstance(value, list):
        return "\n".join(spelled(one) for one in value)
    if field.kind is Kind.DOCUMENT and value is not None:
        return json.dumps(value, ensure_ascii=False, indent=2)
    return spelled(value)


def value_of(field: Field, text: str) -> Any:
    """What was meant by what was typed; None for nothing. What can't be read stays text: it is judged."""
    text = text.replace("\r\n", "\n")
    if not text.strip():
        return None
    if field.kind is Kind.CHOICE:
        return next((option for option in field.options if spelled(option) == text), text)
    if field.kind is Kind.LINES:
        return [_scalar(line.strip(), field.item_types) for line in text.split("\n") if line.strip()]
    if field.kind is Kind.DOCUMENT:
        with suppress(ValueError, RecursionError):
            return json.loads(text, parse_constant=_no_number)
        return text
    return _scalar(text, field.types)


def _scalar(text: str, types: frozenset[str]) -> Any:
    bare = text.strip()
    if "boolean" in types and bare.lower() in TRUTHS:
        return TRUTHS[bare.lower()]
    if types & {"integer", "number"} and WHOLE.fullmatch(bare):
        return int(bare)
    if "number" in types:
        with suppress(ValueError):
            number = float(bare)
            if math.isfinite(number) and "_" not in bare:
                return number
    return text


def _no_number(word: str) -> Any:
    raise ValueError(word)


def texts_of(sections: Sequence[Section], params: Mapping[str, Any]) -> dict[str, str]:
    """What each field shows for these params: its default where they say nothing."""
    return {
        field.name: text_of(field, params.get(field.name, field.default))
        for section in sections
        for field in section.fields
    }


def texts_sent(sections: Sequence[Section], form: Sent) -> dict[str, str]:
    """What each field showed when the form was sent.

    An unticked box sends nothing; the hidden value beside it tells it from a field that was never there.
    """
    return {
        field.name: form.get(PREFIX + field.name) or "" for section in sections for field in section.fields
    }


def params_of(sections: Sequence[Section], texts: Mapping[str, str]) -> dict[str, Any]:
    """The sparse params: what the pipeline would do anyway is left out, unless it must be told.

    A box without a default that is not ticked is not an answer; one that is ticked by default and was
    unticked is.
    """
    params = {}
    for section in sections:
        for field in section.fields:
            value = value_of(field, texts.get(field.name, ""))
            if value is False and is_mute(field):
                value = None
            if value is not None and (field.is_required or not alike(value, field.default)):
                params[field.name] = value
    return params


def is_mute(field: Field) -> bool:
    """Whether leaving this box unticked says nothing."""
    return field.kind is Kind.SWITCH and field.default is None and not field.is_required


def alike(value: object, other: object) -> bool:
    """Whether two JSON values are the same: `true` is not 1, and 1 is 1.0."""
    if isinstance(value, bool) or isinstance(other, bool):
        return value is other
    return value == other
