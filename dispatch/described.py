"""Dispatch's documents and bodies as JSON Schema, for the description of the API."""

from __future__ import annotations

from typing import Any

from dispatch.documents import V1, V2
from dispatch.models import SLUG_PATTERN
from polyphemus_site.openapi.described import EMPTY, Described

Shape = dict[str, Any]

SLUG: Shape = {"type": "string", "pattern": SLUG_PATTERN}
#: Characters that make text other than what it looks like.
HIDDEN = r"\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
LINE: Shape = {"type": "string", "maxLength": 254, "pattern": f"^[^{HIDDEN}]+$"}
#: The same with line breaks and tabs.
TEXT: Shape = {"type": "string", "maxLength": 5000, "pattern": rf"^([^{HIDDEN}]|[\t\n])*$"}
#: With at least one visible character.
UNSEEN = r"\u00ad\u200b-\u200d\u2060-\u2064\ufeff"
WORDS: Shape = {**TEXT, "pattern": rf"^([^{HIDDEN}]|[\t\n])*[^\s{UNSEEN}{HIDDEN}]([^{HIDDEN}]|[\t\n])*$"}
PROJECT: Shape = {
    "type": "string",
    "maxLength": 100,
    "pattern": "^(?!pg_)[a-z][a-z0-9]*(_[a-z][a-z0-9]*)*$",
}
DATE: Shape = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d@\d\d:\d\d$"}
INSTANT: Shape = {"type": ["string", "null"], "format": "date-time"}
TIME: Shape = {
    "oneOf": [
        {"type": "string", "pattern": "^[1-9][0-9]{0,7}$"},
        {"type": "integer", "minimum": 1, "maximum": 99_999_999},
    ]
}
STATUS: Shape = {"enum": ["new", "running", "deferred", "archived"]}
CONFIG: Shape = {
    "type": "object",
    "required": ["project", "inputs"],
    "properties": {
        "project": PROJECT,
        "inputs": {
            "type": "array",
            "maxItems": 10_000,
            "items": {"oneOf": [{**LINE, "maxLength": 500}, {"type": "object"}]},
        },
        "params": {"type": "object"},
    },
    "additionalProperties": False,
}
FOUNDING: Shape = {
    "type": "object",
    "required": ["analysis", "requester", "name", "request-date", "status", "config"],
    "properties": {
        "analysis": SLUG,
        "requester": {"type": "string"},
        "name": SLUG,
        "request-date": DATE,
        "status": STATUS,
        "config": CONFIG,
        "analyst": {"type": "string"},
        "start-date": DATE,
        "due-date": DATE,
        "end-date": DATE,
        "outcome": {"enum": ["passed", "ticket", "cancelled"]},
    },
    "additionalProperties": False,
}
COUNT: Shape = {"type": "integer", "minimum": 0}
TRACK_RECORD: Shape = {
    "type": "object",
    "required": ["analyst", "analysis", "on_time", "late", "released", "lapsed", "unverified"],
    "properties": {
        "analyst": {"type": "string"},
        "analysis": SLUG,
        "on_time": COUNT,
        "late": COUNT,
        "released": COUNT,
        "lapsed": COUNT,
        "unverified": COUNT,
        "usual_share": {"type": ["number", "null"], "minimum": 0},
        "usual_seconds": {"type": ["integer", "null"], "minimum": 1},
    },
    "additionalProperties": False,
}
SECOND: Shape = {
    "type": "object",
    "required": ["analysis", "requester", "name", "requested_at", "status", "config", "links"],
    "properties": {
        "analysis": SLUG,
        "requester": {"type": "string"},
        "name": SLUG,
        "requested_at": {"type": "string", "format": "date-time"},
        "status": STATUS,
        "config": CONFIG,
        "analyst": {"type": ["string", "null"]},
        "award": {"type": ["integer", "null"]},
        "estimate_seconds": {"type": ["integer", "null"]},
        "started_at": INSTANT,
        "due_at": INSTANT,
        "due_stage": {"enum": ["estimate", "extension", "grace", None]},
        "asked_seconds": {"type": ["integer", "null"]},
        "ended_at": INSTANT,
        "outcome": {"enum": ["passed", "ticket", "cancelled", None]},
        "verification": {"enum": ["verified", "unverified", None]},
        "flag": {"enum": ["no_key", "not_polled", None]},
        "links": {"type": "object"},
        "track_record": {"oneOf": [TRACK_RECORD, {"type": "null"}]},
        "realistic_at": INSTANT,
        "history": {"type": "array", "items": {"type": "object"}},
    },
}


def body(required: dict[str, Shape], optional: dict[str, Shape] | None = None) -> Shape:
    """An object with these members and no others."""
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {})},
        "additionalProperties": False,
    }


def said(word: str) -> Shape:
    """An answer of one word."""
    return {"type": "object", "required": ["message"], "properties": {"message": {"const": word}}}


def page_of(document: Shape) -> Shape:
    """A page of documents."""
    return {
        "type": "object",
        "required": ["requests", "next"],
        "properties": {
            "requests": {"type": "array", "items": document},
            "next": {"type": ["string", "null"]},
        },
    }


def query(name: str, shape: Shape, description: str) -> Shape:
    """A parameter of a list."""
    return {"name": name, "in": "query", "required": False, "schema": shape, "description": description}


CLAIM = {"analysis": LINE, "name": LINE}
AWARD = {"award": TIME}
DOCUMENT = {(200, V1): FOUNDING, (200, V2): SECOND}
CONDITION: Shape = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "The ETag of what is known already.",
}
WRITES = (400, 401, 403, 404, 406, 409, 413, 415, 429, 503)

LISTING = Described(
    gives={(200, V1): page_of(FOUNDING), (200, V2): page_of(SECOND), (304, V1): EMPTY},
    parameters=(
        query("analysis", SLUG, "Only of this analysis."),
        query("project", {"type": "string"}, "Only of this project."),
        query("status", {"type": "string", "default": "new"}, "A status; `standing`: not over; `any`: all."),
        query("after", {"type": "string"}, "The cursor in an earlier page's `next`."),
        query("limit", {"type": "integer", "minimum": 1, "maximum": 10_000}, "How many on a page."),
        CONDITION,
    ),
)
READING = Described(gives={**DOCUMENT, (304, V1): EMPTY}, parameters=(CONDITION,))
RECORD = Described(
    gives={
        (200, V1): {
            "type": "object",
            "required": ["record", "algorithm", "signature", "public_key"],
            "properties": {"record": {"type": "object"}, "algorithm": {"const": "ed25519"}},
        }
    },
    refusals=(401, 404, 406, 409, 429, 503),
)
RECORD_KEY = Described(
    gives={
        (200, V1): {
            "type": "object",
            "required": ["algorithm", "public_key", "pem"],
            "properties": {
                "algorithm": {"const": "ed25519"},
                "public_key": {"type": "string"},
                "pem": {"type": "string"},
            },
        }
    },
    refusals=(),
)
REMEMBERING = Described(
    gives={(200, V1): TRACK_RECORD},
    parameters=({"name": "analysis", "in": "query", "required": True, "schema": SLUG},),
)
SAID_ONCE: Shape = {
    "type": "object",
    "required": ["at", "from", "side", "text"],
    "properties": {
        "at": {"type": "string", "format": "date-time"},
        "from": {"type": "string"},
        "side": {"enum": ["analyst", "people"]},
        "text": {"type": "string"},
    },
    "additionalProperties": False,
}
THREAD: Shape = {
    "type": "object",
    "required": ["messages"],
    "properties": {"messages": {"type": "array", "items": SAID_ONCE}},
}
HEARING = Described(gives={(200, V1): THREAD, (304, V1): EMPTY}, parameters=(CONDITION,))
SAYING = Described(
    gives={(201, V1): THREAD},
    body=body({"text": WORDS}),
    refusals=WRITES,
)
PUBLISHING = Described(
    gives={(201, V1): FOUNDING, (201, V2): SECOND},
    body=body({"analysis": SLUG, "config": CONFIG}, {"name": SLUG}),
    refusals=WRITES,
)


def deciding(optional: dict[str, Shape]) -> Described:
    """A choice of the requester."""
    return Described(
        gives=DOCUMENT,
        body=body({}, optional),
        body_required=False,
        refusals=WRITES,
    )


def claiming(answer: str, required: dict[str, Shape], *more: tuple[int, str]) -> Described:
    """What a holder does with its work."""
    gives = {(200, V1): said(answer), **{(status, V1): said(word) for status, word in more}}
    return Described(gives=gives, body=body({**CLAIM, **required}, AWARD), refusals=WRITES)


BIDDING = Described(
    gives={(200, V1): said("go")},
    body=body({**CLAIM, "analyst": LINE, "time": TIME}),
    refusals=WRITES,
)
