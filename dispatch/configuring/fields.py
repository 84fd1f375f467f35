"""A JSON Schema read as a form: sections of fields, each with its kind. Nothing of it is run or fetched."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_noop as _

from dispatch.services.configs import DIRECTION_MARKS
from polyphemus_analyst import schemas
from polyphemus_analyst.schemas import Schema

#: More of a title, a description or a help text than this is cut.
LONGEST_TITLE = 200
LONGEST_TEXT = 5000
SCALARS = frozenset({"string", "integer", "number", "boolean"})


class Kind(StrEnum):
    """How a value is asked for."""

    SWITCH = "switch"
    CHOICE = "choice"
    WHOLE = "whole"
    NUMBER = "number"
    TEXT = "text"
    LINES = "lines"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One parameter, or one column of a sample sheet."""

    name: str
    kind: Kind
    types: frozenset[str]
    description: str = ""
    help: str = ""
    #: None: there is none.
    default: Any = None
    options: Sequence[Any] = ()
    #: What its value may be, in words.
    limits: str = ""
    #: The pipeline demands to be told, even what it would do anyway.
    is_required: bool = False
    is_hidden: bool = False
    #: Of the items, for a list.
    item_types: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Section:
    """Fields that belong together."""

    title: str
    description: str
    help: str
    fields: tuple[Field, ...]


def shown(text: object, most: int = LONGEST_TEXT) -> str:
    """Text of a schema as a page may show it: a line read otherwise than written shows nowhere."""
    if not isinstance(text, str):
        return ""
    kept = "".join(
        mark
        for mark in text[: most + 1]
        if mark in "\n\t" or not (unicodedata.category(mark) in {"Cc", "Cs"} or mark in DIRECTION_MARKS)
    )
    return kept if len(text) <= most else kept[:most] + "\N{HORIZONTAL ELLIPSIS}"


def sections(schema: Schema, *, without: frozenset[str] = frozenset()) -> tuple[Section, ...]:
    """The groups of a schema in its own order, each parameter where it is first met."""
    return _sections(json.dumps(schema), without, get_language() or "")


@lru_cache(maxsize=64)
def _sections(text: str, without: frozenset[str], language: str) -> tuple[Section, ...]:
    del language  # what is kept here holds some of its words
    schema: dict[str, Any] = json.loads(text)
    required, met = _required(schema), set(without)
    found = []
    for name, part in schemas.parts(schema):
        properties = part.get("properties")
        new = [one for one in properties if one not in met] if isinstance(properties, Mapping) else []
        met.update(new)
        if new:
            fields = tuple(field_of(schema, one, part["properties"][one], required) for one in new)
            found.append(_section(part, name, fields))
    return tuple(found)


def columns(input_schema: Schema) -> tuple[Field, ...]:
    """The columns of a sample sheet."""
    row = schemas.columns_of(input_schema)
    whole = {**row, **{word: input_schema[word] for word in ("$defs", "definitions") if word in input_schema}}
    return tuple(field for section in sections(whole) for field in section.fields)


def field_of(schema: Schema, name: str, said: object, required: frozenset[str] = frozenset()) -> Field:
    """One property as a field; what is too deep for a form is asked for as a JSON document."""
    said = schemas.resolved(schema, said) if isinstance(said, Mapping) else {}
    types, options = _types(schema, said), _options(said)
    default = said.get("default")
    return Field(
        name=name,
        kind=_kind(schema, said, types, options),
        types=types,
        description=shown(said.get("description") or said.get("title")),
        help=shown(said.get("help_text")),
        default=None if default == "" else default,
        options=options,
        limits="; ".join(limits(said)),
        is_required=name in required,
        is_hidden=said.get("hidden") is True,
        item_types=_item_types(schema, said),
    )


def _section(part: Schema, name: str, fields: tuple[Field, ...]) -> Section:
    title = shown(part.get("title") if name else "", LONGEST_TITLE) or shown(
        name.replace("_", " "), LONGEST_TITLE
    )
    described = (part.get("description"), part.get("help_text")) if name else ("", "")
    return Section(title, shown(described[0]), shown(described[1]), fields)


def _required(schema: Schema) -> frozenset[str]:
    """What must be there whatever else is: not what only one branch of a choice asks for."""
    sure = [part for _, part in schemas.parts(schema, ("allOf",))]
    lists = [part["required"] for part in sure if isinstance(part.get("required"), list)]
    return frozenset(name for names in lists for name in names if isinstance(name, str))


def _types(schema: Schema, said: Schema) -> frozenset[str]:
    named = said.get("type")
    found = {named} if isinstance(named, str) else set(named) if isinstance(named, list) else set()
    if not found:
        for word in ("anyOf", "oneOf"):
            branches = said.get(word)
            for branch in branches if isinstance(branches, list) else ():
                if isinstance(branch, Mapping):
                    one = schemas.resolved(schema, branch).get("type")
                    found |= {one} if isinstance(one, str) else set()
    return frozenset(found - {"null"})


def _options(said: Schema) -> tuple[Any, ...]:
    if "const" in said:
        return (said["const"],)
    options = said.get("enum")
    return tuple(one for one in options if one is not None) if isinstance(options, list) else ()


#: The kind of a value that can be of these types only.
PURE = {
    frozenset({"boolean"}): Kind.SWITCH,
    frozenset({"integer"}): Kind.WHOLE,
    frozenset({"number"}): Kind.NUMBER,
    frozenset({"integer", "number"}): Kind.NUMBER,
}


def _kind(schema: Schema, said: Schema, types: frozenset[str], options: Sequence[Any]) -> Kind:
    if types == {"array"} and _item_types(schema, said):
        return Kind.LINES
    if (types and not types & SCALARS) or (not types and ("properties" in said or "items" in said)):
        return Kind.DOCUMENT
    return Kind.CHOICE if options else PURE.get(types, Kind.TEXT)


def _item_types(schema: Schema, said: Schema) -> frozenset[str]:
    items = said.get("items")
    if not isinstance(items, Mapping):
        return frozenset()
    types = _types(schema, schemas.resolved(schema, items))
    return types if types and types <= SCALARS else frozenset()


#: Keyword -> how it reads.
BOUNDS = {
    "minimum": _("{} or more"),
    "maximum": _("at most {}"),
    "exclusiveMinimum": _("more than {}"),
    "exclusiveMaximum": _("less than {}"),
    "multipleOf": _("a multiple of {}"),
    "minLength": _("at least {} characters"),
    "maxLength": _("at most {} characters"),
    "const": _("exactly {}"),
}


def limits(said: Schema) -> Iterator[str]:
    """What a value may be, in words; a pattern is for the judge alone and never shown to a browser."""
    for word, phrase in BOUNDS.items():
        bound = said.get(word)
        if (
            isinstance(bound, int | float)
            and not isinstance(bound, bool)
            and (word, bound) != ("minLength", 1)
        ):
            yield gettext(phrase).format(bound)
    for word in ("oneOf", "anyOf"):
        branches = said.get(word)
        if isinstance(branches, list):
            ways = [
                gettext(" and ").join(limits(branch)) for branch in branches if isinstance(branch, Mapping)
            ]
            if all(ways) and ways:
                yield gettext(", or ").join(ways)
