"""A request's config against the analysis's JSON Schemas, as the server asks its requesters."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from polyphemus_analyst import schemas
from polyphemus_analyst.errors import ConfigError

MOST_SHOWN = 5


def load_schema(path: Path) -> dict[str, Any]:
    """The schema in a file."""
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} is no JSON Schema: {error}") from error
    if fault := schemas.broken(schema):
        raise ConfigError(f"{path} is no JSON Schema: {fault}")
    return dict(schema)


def refuse_bad_params(params: object, schema: Mapping[str, Any], *, sheet: str = "") -> None:
    """Raise with the first few problems, or return."""
    _refuse(problems(params, schema, sheet=sheet))


def refuse_bad_rows(rows: Sequence[object], schema: Mapping[str, Any]) -> None:
    """The same for the rows of the sample sheet."""
    _refuse([_sentence(fault) for fault in schemas.sheet_faults(schema, rows)])


def problems(params: object, schema: Mapping[str, Any], *, sheet: str = "") -> list[str]:
    """What is wrong with the params, a sentence each; a name the schema does not know is a typo."""
    return [_sentence(fault) for fault in schemas.faults(schema, params, sheet=sheet)]


def _refuse(found: Sequence[str]) -> None:
    if found:
        more = f" (and {len(found) - MOST_SHOWN} more)" if len(found) > MOST_SHOWN else ""
        raise ConfigError("; ".join(found[:MOST_SHOWN]) + more)


def _sentence(fault: schemas.Fault) -> str:
    place = fault["pointer"].lstrip("/").replace("/", ".")
    return f"{place}: {fault['detail']}" if place else fault["detail"]
