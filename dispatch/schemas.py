"""Params against an analysis's JSON Schema (2020-12), with nf-core's keywords left as they are."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from jsonschema_rs import Draft202012Validator, FancyRegexOptions, ReferencingError, ValidationError

#: Published schemas hold patterns that take a backtracking engine for ever; beyond this a value is invalid.
BACKTRACKS = 100_000
MOST_FAULTS = 50
#: Beyond these keywords a schema says itself which names it takes.
OWN_WORD = ("additionalProperties", "unevaluatedProperties", "patternProperties")

Schema = dict[str, Any]
Fault = dict[str, str]


def faults(schema: Schema, params: dict[str, Any]) -> list[Fault]:
    """What is wrong, each with its place as a JSON pointer; empty when the params fit.

    A name the schema does not know is a fault: published schemas forget to forbid typing errors.
    """
    found = [_fault(error) for error in _validator(json.dumps(schema)).iter_errors(params)]
    found += [{"pointer": f"/{name}", "detail": "No such parameter."} for name in _strangers(schema, params)]
    return found[:MOST_FAULTS]


def broken(schema: Any) -> str:
    """Why this is no schema; empty when it is one."""
    if not isinstance(schema, dict):
        return "A schema is a JSON object."
    try:
        _validator(json.dumps(schema))
    except (ValidationError, ReferencingError, ValueError) as error:
        return str(error)
    return ""


@lru_cache(maxsize=64)
def _validator(text: str) -> Draft202012Validator:
    options = FancyRegexOptions(backtrack_limit=BACKTRACKS)
    return Draft202012Validator(json.loads(text), pattern_options=options, retriever=_stay_here)


def _stay_here(uri: str) -> Any:
    """A schema is whole in itself: nothing is fetched on anybody's behalf."""
    raise ValueError(f"{uri} is not part of this schema.")


def _fault(error: ValidationError) -> Fault:
    pointer = "".join(f"/{part}" for part in error.instance_path)
    return {"pointer": pointer or "/", "detail": error.message[:500]}


def _strangers(schema: Schema, params: dict[str, Any]) -> list[str]:
    parts = [schema, *_groups(schema)]
    if any(word in part for part in parts for word in OWN_WORD):
        return []
    known = {name for part in parts for name in part.get("properties", {})}
    return sorted(set(params) - known) if known else []


def _groups(schema: Schema) -> list[Schema]:
    """nf-core's form: groups of parameters in `$defs` (or `definitions`), put together by `allOf`."""
    shelves = [schema.get("$defs", {}), schema.get("definitions", {})]
    return [part for shelf in shelves for part in shelf.values() if isinstance(part, dict)]
