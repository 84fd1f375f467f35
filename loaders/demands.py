"""What Magma's own filters can say of an anchor beforehand: what it must hold or lack to be in any scope.

Only absence is told: an attribute that Magma holds nothing of passes no check of ours that asks for it. The
other way round nothing follows, since Magma holds texts that are empty and files that are none. A kind of
check not named here, a lab's own above all, demands nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from loaders.checks import (
    All,
    AnyOf,
    Check,
    Files,
    Linked,
    Matches,
    Mates,
    Named,
    Not,
    OneOf,
    Present,
    Quiet,
    Range,
    Rows,
    UpdatedAfter,
)
from loaders.loader import Loader
from loaders.shapes import FILE_TYPES, MANY_TYPES, Shape, Special
from magma.questions import has, lacks

#: A filter's word and the attribute of the anchor it is about.
Demand = tuple[str, str]
Demands = frozenset[Demand]

HAS, LACKS = "::has", "::lacks"
WORDS = {HAS: has, LACKS: lacks}
#: What is either there or null, so that absence means the same to Magma and to us.
PLAIN_TYPES = frozenset({"integer", "float", "boolean", "date_time", "shifted_date_time", "link", "parent"})
#: The types of attributes that may be asked so; how Magma stores others is nothing to build on.
ASKED = {HAS: PLAIN_TYPES | FILE_TYPES | MANY_TYPES | {"string"}, LACKS: PLAIN_TYPES}
NOTHING: Demands = frozenset()


def filters(loaders: Sequence[Loader], shape: Shape) -> list[Any]:
    """The /query filters that every anchor in any of these loaders' scopes passes; none when all may be."""
    each = [_known(demanded(one.scope), shape) if one.scope else NOTHING for one in loaders]
    if not each or not all(each):
        return []
    ways = [[WORDS[word](attribute) for word, attribute in sorted(one)] for one in dict.fromkeys(each)]
    if len(ways) == 1:
        return ways[0]
    return [["::or", *(way[0] if len(way) == 1 else ["::and", *way] for way in ways)]]


def _known(demands: Demands, shape: Shape) -> Demands:
    traits = shape.traits
    return frozenset(
        (word, attribute)
        for word, attribute in demands
        if attribute in traits and traits[attribute].type in ASKED[word]
    )


def demanded(check: Check) -> Demands:
    """What Magma must hold, and lack, of an anchor that passes; it may be less than all of it."""
    rule: Callable[[Any], Demands] | None = RULES.get(type(check))
    return rule(check) if rule else NOTHING


def _held(path: str) -> Demands:
    """Something at a path: then its first step, the anchor's own attribute, is not empty."""
    first = path.partition(".")[0]
    return NOTHING if first == Special.IDENTIFIER else frozenset({(HAS, first)})


def _value(check: Any) -> Demands:
    return _held(check.attribute)


def _enough_files(check: Files) -> Demands:
    return _held(check.attribute) if check.min else NOTHING


def _enough_rows(check: Rows) -> Demands:
    return _held(check.attribute) if check.min else NOTHING


def _enough_records(check: Linked) -> Demands:
    return _held(check.path) if check.min else NOTHING


def _each(check: All) -> Demands:
    return NOTHING.union(*map(demanded, check.checks))


def _any(check: AnyOf) -> Demands:
    parts = [demanded(part) for part in check.checks]
    return parts[0].intersection(*parts[1:]) if parts else NOTHING


def _named(check: Named) -> Demands:
    return demanded(check.inner)


def _not(check: Not) -> Demands:
    is_of_presence = type(check.inner) is Present and "." not in check.inner.attribute
    return frozenset({(LACKS, attribute) for _, attribute in demanded(check.inner)} if is_of_presence else ())


RULES: dict[type[Check], Callable[[Any], Demands]] = {
    **dict.fromkeys((Present, Matches, Range, OneOf, Mates, UpdatedAfter, Quiet), _value),
    Files: _enough_files,
    Rows: _enough_rows,
    Linked: _enough_records,
    All: _each,
    AnyOf: _any,
    Named: _named,
    Not: _not,
}
