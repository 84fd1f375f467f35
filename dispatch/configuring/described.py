"""Configuring's bodies and answers as JSON Schema, for the description of the API."""

from __future__ import annotations

from typing import Any

from dispatch.described import LINE, SLUG, body, query
from polyphemus_site.openapi.described import Described

Shape = dict[str, Any]
JSON = "application/json"
ANY: Shape = {"type": ["object", "null"]}
SECONDS: Shape = {"type": "integer", "minimum": 0}
INSTANT: Shape = {"type": "string", "format": "date-time"}
ANALYSIS: Shape = {
    "type": "object",
    "required": ["name", "title", "edition", "floor_seconds", "ceiling_seconds", "extension_percent"],
    "properties": {
        "name": SLUG,
        "title": {"type": "string"},
        "edition": {"type": "string", "description": "Digest of the schemas; empty where there are none."},
        "floor_seconds": SECONDS | {"description": "The least time a bid may name."},
        "ceiling_seconds": SECONDS | {"description": "The most time a bid may name."},
        "extension_percent": SECONDS
        | {"description": "The share of its estimate an analyst gets on asking."},
        "schema": ANY,
        "input_schema": ANY,
    },
}
FAULTS: Shape = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["pointer", "detail"],
        "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
    },
}
VERSION: Shape = {
    "type": "object",
    "required": ["number", "params", "edition", "author", "comment", "at", "restored"],
    "properties": {
        "number": {"type": "integer"},
        "params": {"type": "object"},
        "edition": {"type": "string"},
        "author": {"type": "string"},
        "comment": {"type": "string"},
        "at": INSTANT,
        "restored": {"type": "boolean"},
    },
}
CONFIGURATION: Shape = {
    "type": "object",
    "required": ["id", "project", "analysis", "name", "author", "created_at"],
    "properties": {
        "id": {"type": "integer"},
        "project": {"type": "string"},
        "analysis": SLUG,
        "name": {"type": "string"},
        "author": {"type": "string"},
        "created_at": INSTANT,
        "latest": {"type": ["integer", "null"], "description": "The latest version's number."},
        "versions": {"type": "array", "items": VERSION},
    },
}
COMMENT: Shape = {"type": "string", "maxLength": 1000}
READ = (401, 404, 406)

ANALYSES = Described(
    gives={(200, JSON): {"type": "object", "properties": {"analyses": {"type": "array", "items": ANALYSIS}}}},
    refusals=(401, 406),
)
ONE_ANALYSIS = Described(gives={(200, JSON): ANALYSIS}, refusals=READ)
JUDGING = Described(
    body=body({"inputs": {"type": "array"}}, {"params": {"type": "object"}}),
    gives={(200, JSON): {"type": "object", "properties": {"inputs": FAULTS, "params": FAULTS}}},
    refusals=(400, 401, 404, 406, 413, 415),
)
LISTING = Described(
    parameters=(
        query("project", LINE, "The project whose configurations are asked for; needed."),
        query("analysis", LINE, "Only those of this analysis."),
    ),
    gives={
        (200, JSON): {
            "type": "object",
            "properties": {"configurations": {"type": "array", "items": CONFIGURATION}},
        }
    },
    refusals=(400, *READ),
)
KEEPING = Described(
    body=body(
        {"project": LINE, "analysis": SLUG, "name": LINE, "params": {"type": "object"}},
        {"comment": COMMENT},
    ),
    gives={(201, JSON): CONFIGURATION},
    refusals=(400, 401, 403, 404, 406, 413, 415),
)
ONE_CONFIGURATION = Described(gives={(200, JSON): CONFIGURATION}, refusals=READ)
RESTORING = Described(
    body=body({"number": {"type": "integer", "minimum": 1}}, {"comment": COMMENT}),
    gives={(200, JSON): CONFIGURATION},
    refusals=(400, 401, 403, 404, 406, 413, 415),
)
