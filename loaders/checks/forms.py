"""Checks from their JSON form; the other way is `Check.as_json`."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import msgspec

from loaders.checks.base import All, AnyOf, Check, Named, Not
from loaders.checks.conditions import Custom, When
from loaders.checks.files import Files, Mates
from loaders.checks.links import Linked, Rows
from loaders.checks.naming import NamedByRule
from loaders.checks.times import Quiet, UpdatedAfter
from loaders.checks.values import Matches, MatrixWidth, OneOf, Present, Range
from loaders.errors import MisspeltLoaderError

#: Every check by its id.
CHECKS: dict[str, type[Check]] = {
    kind.id: kind
    for kind in (
        Present,
        Matches,
        Range,
        OneOf,
        Files,
        Mates,
        Linked,
        Rows,
        MatrixWidth,
        UpdatedAfter,
        Quiet,
        When,
        Custom,
        Named,
        NamedByRule,
    )
}
#: How deep a form may be: what is deeper is written to break something, not to be read.
DEEPEST = 30
#: The three ways of composing have forms of their own.
COMPOSED = frozenset({"all", "any", "not"})


def from_json(form: Any, *, trusted: bool = False) -> Check:
    """The check a form spells.

    `trusted` allows `custom`, which runs code; forms from files and pages are not trusted.
    Raises MisspeltLoaderError saying what is wrong and where.
    """
    return _read(form, trusted=trusted, depth=0)


def _read(form: Any, *, trusted: bool, depth: int) -> Check:
    if depth > DEEPEST:
        raise MisspeltLoaderError(f"Checks within checks, more than {DEEPEST} deep, are not for people.")
    if not isinstance(form, dict):
        raise MisspeltLoaderError(f"A check is an object, not {type(form).__name__}: {form!r}.")
    if len(form) == 1 and (key := next(iter(form))) in COMPOSED:
        return _composed(key, form[key], trusted=trusted, depth=depth + 1)
    rest = dict(form)
    kind = CHECKS.get(str(rest.pop("check", "")))
    if kind is None:
        raise MisspeltLoaderError(f"There is no check {form.get('check')!r}; there are {', '.join(CHECKS)}.")
    if kind is Custom and not trusted:
        raise MisspeltLoaderError("`custom` runs code and is for loaders installed as packages.")
    return _built(kind, rest, trusted=trusted, depth=depth + 1)


def _composed(key: str, inner: Any, *, trusted: bool, depth: int) -> Check:
    if key == "not":
        return Not(_read(inner, trusted=trusted, depth=depth))
    if not isinstance(inner, list) or not inner:
        raise MisspeltLoaderError(f"`{key}` wants a list of checks.")
    parts = tuple(_read(part, trusted=trusted, depth=depth) for part in inner)
    return All(parts) if key == "all" else AnyOf(parts)


def _built(kind: type[Check], rest: dict[str, Any], *, trusted: bool, depth: int) -> Check:
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]  # every kind is a dataclass
    if unknown := rest.keys() - known:
        raise MisspeltLoaderError(f"`{kind.id}` has no field {', '.join(sorted(map(str, unknown)))}.")

    def nested(_type: type, value: Any) -> Check:
        return _read(value, trusted=trusted, depth=depth)

    try:
        return msgspec.convert(rest, kind, dec_hook=nested)
    except (msgspec.ValidationError, ValueError, OverflowError) as error:
        said = str(error)
        named = said if said.startswith(f"`{kind.id}`") else f"`{kind.id}`: {said}"
        raise MisspeltLoaderError(named) from error
