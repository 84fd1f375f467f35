"""A disconnected record with everything below it, as values: what a copy holds and what a removal removes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

Document = Mapping[str, Any]


class Name(NamedTuple):
    """Which record: the model and the identifier (for a row of a table model, its number as text)."""

    model: str
    record: str

    def __str__(self) -> str:
        return f"{self.model} {self.record!r}"


@dataclass(frozen=True)
class Node:
    """One record of a tree with its whole document; `above` is None for the top."""

    name: Name
    document: Document
    above: Name | None = None

    def as_json(self) -> dict[str, Any]:
        """The node as canonical JSON holds it."""
        above = None if self.above is None else [self.above.model, self.above.record]
        return {
            "model": self.name.model,
            "record": self.name.record,
            "above": above,
            "document": dict(self.document),
        }


@dataclass(frozen=True)
class Tree:
    """The top first, then every descendant, parents before their children."""

    nodes: tuple[Node, ...]

    @property
    def top(self) -> Node:
        """The orphan itself."""
        return self.nodes[0]

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)

    @property
    def names(self) -> tuple[Name, ...]:
        """Every record of the tree."""
        return tuple(node.name for node in self.nodes)

    def as_json(self) -> list[dict[str, Any]]:
        """The nodes in a fixed order, whatever order they were read in."""
        return [node.as_json() for node in sorted(self.nodes, key=lambda node: node.name)]

    @cached_property
    def mark(self) -> str:
        """The digest of all of it: equal marks mean nothing visible has changed."""
        return digest(self.as_json())


def tree_from_json(nodes: list[dict[str, Any]]) -> Tree:
    """The tree that `as_json` wrote, parents first again."""
    read = [
        Node(
            Name(node["model"], node["record"]),
            node["document"],
            None if node["above"] is None else Name(*node["above"]),
        )
        for node in nodes
    ]
    return Tree(tuple(parents_first(read)))


def parents_first(nodes: list[Node]) -> Iterator[Node]:
    """The nodes in an order in which they could be loaded."""
    below: dict[Name | None, list[Node]] = {}
    for node in nodes:
        below.setdefault(node.above, []).append(node)
    waiting = list(below.get(None, []))
    while waiting:
        node = waiting.pop(0)
        yield node
        waiting.extend(below.get(node.name, []))


def canonical(value: Any) -> bytes:
    """JSON with one spelling: sorted keys, no blanks, UTF-8."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def digest(value: Any) -> str:
    """The SHA-256 of the canonical JSON, in hex."""
    return hashlib.sha256(canonical(value)).hexdigest()
