"""How a view says what its methods take and give: plain data on the class, read when the schema is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Shape = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One method of a view. Shapes are JSON Schema (2020-12); a refusal is a status the method may answer."""

    #: What it gives, by status and media type.
    gives: Mapping[tuple[int, str], Shape]
    body: Shape | None = None
    body_required: bool = True
    parameters: Sequence[Shape] = ()
    refusals: Sequence[int] = (400, 401, 404, 406, 409, 413, 415, 429, 503)
    #: Headers every good answer has, by name.
    headers: Mapping[str, Shape] = field(default_factory=dict)


#: By HTTP method.
Methods = Mapping[str, Described]

PROBLEM: Shape = {
    "type": "object",
    "required": ["type", "title", "status", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable: programs branch on it."},
        "detail": {"type": "string", "description": "Prose for people."},
        "instance": {"type": "string"},
    },
}
EMPTY: Shape = {}


def query(name: str, about: str, **shape: Any) -> dict[str, Any]:
    """A word of the address."""
    return {"name": name, "in": "query", "description": about, "schema": {"type": "string"} | shape}


def answer(**properties: Any) -> dict[str, Any]:
    """An object that always holds these, among others."""
    return {"type": "object", "required": sorted(properties), "properties": properties}


def listed(shape: Shape) -> dict[str, Any]:
    """A list of such."""
    return {"type": "array", "items": dict(shape)}


#: What is said of a method that does not describe itself.
UNDESCRIBED = Described(gives={(200, "application/json"): {}}, body={}, body_required=False)
