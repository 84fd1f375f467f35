"""How often a judge may come back to one place of a document: what makes a small schema run for ever.

Parts that refer twice to the next double the work at every step, which no judge of schemas guards against.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
#: Follows a `$ref` within the schema.
Follow = Callable[[Schema], "Schema | None"]
#: A thousand groups of a thousand parts; a published pipeline has some dozens.
MOST_VISITS = 100_000
SAME_VALUE = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else")
PARTS_OF_VALUE = ("items", "prefixItems", "additionalProperties", "contains", "propertyNames")
PARTS_BY_NAME = ("properties", "patternProperties")
UNEVALUATED = ("unevaluatedProperties", "unevaluatedItems")


def is_endless(schema: Schema, follow: Follow, *, depth: int) -> bool:
    """Whether judging a document of so many levels could come back to one place too often."""
    try:
        return _Count(follow).visits(schema, depth) > MOST_VISITS
    except RecursionError:
        return True


class _Count:
    """Counts visits, each subschema once a level."""

    def __init__(self, follow: Follow) -> None:
        self.follow = follow
        self.known: dict[tuple[int, int], int] = {}

    def visits(self, part: Schema, depth: int) -> int:
        """Of this part and all that is asked of the same value, and of the worst of the values within it."""
        key = (id(part), depth)
        if key not in self.known:
            self.known[key] = 0  # a circle that never goes deeper is broken by whoever judges
            within = [self.visits(child, depth - 1) for child in deeper(part)] if depth else []
            self.known[key] = (
                1 + sum(self.visits(child, depth) for child in self.beside(part)) + max([0, *within])
            )
        return self.known[key]

    def beside(self, part: Schema) -> Iterator[Schema]:
        """The subschemas that are asked of the same value."""
        if (target := self.follow(part)) is not None:
            yield target
        for word in SAME_VALUE:
            yield from _schemas(part.get(word))
        yield from _schemas(list(_table(part.get("dependentSchemas"))))


def deeper(part: Schema) -> Iterator[Schema]:
    """The subschemas that are asked of what the value holds."""
    for word in (*PARTS_OF_VALUE, *UNEVALUATED):
        yield from _schemas(part.get(word))
    for word in PARTS_BY_NAME:
        yield from _schemas(list(_table(part.get(word))))


def _schemas(said: object) -> Iterator[Schema]:
    for one in said if isinstance(said, list) else [said]:
        if isinstance(one, Mapping):
            yield one


def _table(said: object) -> Iterator[object]:
    yield from said.values() if isinstance(said, Mapping) else ()
