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
from magma.templates import ELSEWHERE

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
    if not each:
        return []
    of_all = each[0].intersection(*each[1:])
    rests = [frozenset(one for one in way - of_all if _may_be_an_alternative(one, shape)) for way in each]
    return _asked(of_all) + (_either(rests) if all(rests) else [])


def _may_be_an_alternative(demand: Demand, shape: Shape) -> bool:
    """Not so what stands elsewhere: inside an "or" Magma would ask it of every anchor all the same."""
    return shape.traits[demand[1]].type not in ELSEWHERE


def _asked(demands: Demands) -> list[Any]:
    return [WORDS[word](attribute) for word, attribute in sorted(demands)]


def _either(ways: Sequence[Demands]) -> list[Any]:
    """One filter that lets through what passes any of these ways."""
    asked = [_asked(one) for one in dict.fromkeys(ways)]
    if len(asked) == 1:
        return asked[0]
    return [["::or", *(way[0] if len(way) == 1 else ["::and", *way] for way in asked)]]


def _known(demands: Demands, shape: Shape) -> Demands:
    """Not what is restricted: Magma tells anyone whether it is there, but not all may judge it."""
    known = ((demand, shape.traits[demand[1]]) for demand in demands if demand[1] in shape.traits)
    return frozenset(
        demand for demand, trait in known if trait.type in ASKED[demand[0]] and not trait.restricted
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
