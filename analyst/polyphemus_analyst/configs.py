"""A request's params against the analysis's JSON Schema, as the server asks its requesters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs

from polyphemus_analyst.errors import ConfigError

#: Published schemas hold patterns that take exponential time; beyond this many steps a value is invalid.
PATTERNS = jsonschema_rs.FancyRegexOptions(backtrack_limit=100_000)
MOST_SHOWN = 5


def load_schema(path: Path) -> dict[str, Any]:
    """The schema in a file."""
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
        jsonschema_rs.validator_for(schema, pattern_options=PATTERNS)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} is no JSON Schema: {error}") from error
    return dict(schema)


def refuse_bad_params(params: object, schema: Mapping[str, Any]) -> None:
    """Raise with the first few problems, or return."""
    if found := problems(params, schema):
        more = f" (and {len(found) - MOST_SHOWN} more)" if len(found) > MOST_SHOWN else ""
        raise ConfigError("; ".join(found[:MOST_SHOWN]) + more)


def problems(params: object, schema: Mapping[str, Any]) -> list[str]:
    """What is wrong with the params, a sentence each; a name the schema does not know is a typo."""
    validator = jsonschema_rs.validator_for(dict(schema), pattern_options=PATTERNS)
    wrong = [_sentence(error) for error in validator.iter_errors(params)]
    known = known_names(schema)
    if isinstance(params, Mapping) and known and not schema.get("patternProperties"):
        wrong += [f"{name} is not a parameter of this analysis" for name in params if name not in known]
    return wrong


def known_names(schema: Mapping[str, Any]) -> set[str]:
    """The parameters a schema names, in all its groups."""
    names = set(schema.get("properties", {}))
    for holder in ("$defs", "definitions"):
        groups = schema.get(holder, {})
        for reference in schema.get("allOf", []):
            name = str(reference.get("$ref", "")).rpartition("/")[2]
            names |= set(groups.get(name, {}).get("properties", {}))
    return names


def _sentence(error: jsonschema_rs.ValidationError) -> str:
    place = ".".join(str(step) for step in error.instance_path)
    return f"{place}: {error.message}" if place else error.message
