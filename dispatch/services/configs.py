"""What a request's config may hold: checked in shape here, and its params against the analysis's schema."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from dispatch import schemas
from dispatch.models import Analysis
from polyphemus_site.errors import InvalidInputError

#: Janus's rule for the names of projects.
PROJECT_PATTERN = re.compile(r"(?!pg_)[a-z][a-z0-9]*(_[a-z][a-z0-9]*)*", re.ASCII)
LONGEST_INPUT = 500
MOST_INPUTS = 10_000
#: Marks that make text read otherwise than it is stored.
DIRECTION_MARKS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def project_name(value: object) -> str:
    """The value if a project may be called so."""
    if isinstance(value, str) and len(value) <= 100 and PROJECT_PATTERN.fullmatch(value):  # noqa: PLR2004 — the column
        return value
    raise InvalidInputError("project must be the name of a project.", code="invalid_project")


def plain(text: str) -> bool:
    """Whether text is only what it looks like: no control characters, half characters or direction marks."""
    return not any(unicodedata.category(mark) in {"Cc", "Cs"} or mark in DIRECTION_MARKS for mark in text)


def clean(*, analysis: str, project: str, inputs: Sequence[str], params: Any) -> dict[str, Any]:
    """The config as it will be published: `{project, inputs, params}`, params only when given."""
    config: dict[str, Any] = {"project": project_name(project), "inputs": _inputs(inputs)}
    if params is not None:
        config["params"] = _params(params, analysis=analysis)
    return config


def _inputs(inputs: object) -> list[str]:
    if not isinstance(inputs, list | tuple) or len(inputs) > MOST_INPUTS:
        raise InvalidInputError(
            f"inputs must be a list of at most {MOST_INPUTS} names.", code="invalid_inputs"
        )
    if not all(isinstance(name, str) and 0 < len(name) <= LONGEST_INPUT and plain(name) for name in inputs):
        raise InvalidInputError(
            f"Each input must be text of 1 to {LONGEST_INPUT} plain characters.", code="invalid_inputs"
        )
    return list(inputs)


def _params(params: object, *, analysis: str) -> dict[str, Any]:
    if not isinstance(params, dict) or not _plain_throughout(params):
        raise InvalidInputError("params must be an object, its texts plain.", code="invalid_params")
    schema = Analysis.objects.filter(name=analysis).values_list("schema", flat=True).first()
    if faults := schemas.faults(schema, params) if schema else []:
        raise InvalidInputError(
            "params do not fit the schema of this analysis.", code="invalid_params", errors=faults
        )
    return params


def _plain_throughout(value: object) -> bool:
    """Whether every text in a document is plain, line breaks and tabs allowed."""
    if isinstance(value, dict):
        return all(plain(name) and _plain_throughout(part) for name, part in value.items())
    if isinstance(value, list):
        return all(_plain_throughout(part) for part in value)
    return not isinstance(value, str) or plain(value.replace("\n", "").replace("\t", ""))
