"""What the judge of params says: a message for each kind of fault, and the values that fill its places.

The server tells them in its reader's language; by themselves they are English. Nothing here repeats the
validator's own words, which show patterns and inner schemas to people who never saw either.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from jsonschema_rs import ValidationError, ValidationErrorKind

MOST_OPTIONS = 30
LONGEST_VALUE = 200

NEEDED = "This is needed."
#: JSON Schema's types, as people would ask for them.
TYPES = {
    "integer": "This must be a whole number.",
    "number": "This must be a number.",
    "boolean": "This must be true or false.",
    "string": "This must be text.",
    "array": "This must be a list.",
    "object": "This must be an object.",
}
#: The same where any of several will do.
KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "text",
    "array": "a list",
    "object": "an object",
    "null": "nothing",
}
OTHER_FORM = "This does not have the form asked for here."
OTHER_FORM_WITH_HELP = "This does not have the form asked for here; its help says more."
NO_PLACE = "This has no place here."
ONE_OF = "This must be one of these: %(options)s."
EXACTLY = "This must be %(value)s."
TWICE = "No entry may be there twice."
#: Keywords that set a limit.
LIMITS = {
    "minimum": "This must be at least %(limit)s.",
    "maximum": "This must be at most %(limit)s.",
    "exclusiveMinimum": "This must be more than %(limit)s.",
    "exclusiveMaximum": "This must be less than %(limit)s.",
    "multipleOf": "This must be a multiple of %(limit)s.",
    "minLength": "Characters at least: %(limit)s.",
    "maxLength": "Characters at most: %(limit)s.",
    "minItems": "Entries at least: %(limit)s.",
    "maxItems": "Entries at most: %(limit)s.",
    "minProperties": "Names at least: %(limit)s.",
    "maxProperties": "Names at most: %(limit)s.",
}
NO_PARAMETER = "No such parameter."
NO_COLUMN = "No such column."
TOO_DEEP = "Nested deeper than %(levels)s levels."
REPEATED = "Row %(row)s repeats row %(first)s in %(names)s."
NO_OBJECT = "A schema is a JSON object."
ENDLESS = "Its parts refer to each other so often that judging by it would not end."

MESSAGES = (
    NEEDED,
    *TYPES.values(),
    *KINDS.values(),
    OTHER_FORM,
    OTHER_FORM_WITH_HELP,
    NO_PLACE,
    ONE_OF,
    EXACTLY,
    TWICE,
    *LIMITS.values(),
    NO_PARAMETER,
    NO_COLUMN,
    TOO_DEEP,
    REPEATED,
    NO_OBJECT,
    ENDLESS,
)


class Detail(str):
    """A sentence that knows its message and values: texts, numbers, or a sequence of texts and details."""

    message: str
    values: Mapping[str, Any]

    def __new__(cls, message: str, /, **values: Any) -> Detail:
        """Fill the places, in English."""
        shown = {
            name: _listed(value) if isinstance(value, tuple) else value for name, value in values.items()
        }
        self = super().__new__(cls, message % shown if values else message)
        self.message, self.values = message, values
        return self


def of(error: ValidationError, where: Mapping[str, Any]) -> Detail:
    """The fault in words a biologist can use; `where` is the schema around the keyword that was broken."""
    keyword = str(error.schema_path[-1]) if error.schema_path else ""
    if keyword in LIMITS:
        return Detail(LIMITS[keyword], limit=spelled(where.get(keyword)))
    if keyword.startswith(("additional", "unevaluated")):
        return Detail(NO_PLACE)
    return _of_kind(error.kind) or Detail(OTHER_FORM_WITH_HELP if where.get("help_text") else OTHER_FORM)


def _of_kind(kind: ValidationErrorKind) -> Detail | None:
    match kind:
        case ValidationErrorKind.Required():
            return Detail(NEEDED)
        case ValidationErrorKind.UniqueItems():
            return Detail(TWICE)
        case ValidationErrorKind.Type(types):
            return _of_types(types)
        case ValidationErrorKind.Enum(options):
            return Detail(ONE_OF, options=_spelled(options))
        case ValidationErrorKind.Constant(expected):
            return Detail(EXACTLY, value=spelled(expected))
        case _:
            return None


def spelled(value: Any) -> str:
    """A value as one would type it, cut where it is long: text as it is, anything else as JSON."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _of_types(types: Sequence[str]) -> Detail:
    if len(types) == 1 and types[0] in TYPES:
        return Detail(TYPES[types[0]])
    return Detail(ONE_OF, options=tuple(Detail(KINDS[kind]) for kind in KINDS if kind in types))


def _spelled(options: Sequence[Any]) -> tuple[str, ...]:
    shown = tuple(map(spelled, options[:MOST_OPTIONS]))
    return (*shown, "…") if len(options) > MOST_OPTIONS else shown


def _listed(parts: Sequence[str]) -> str:
    return ", ".join(parts)
