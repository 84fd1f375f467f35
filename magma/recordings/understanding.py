"""Did the client understand the reply? Its typed answer is held against what was recorded."""

from __future__ import annotations

import csv
import io
import json
from http import HTTPStatus
from typing import Any

from msgspec import UNSET

from magma.errors import (
    MagmaError,
    MagmaFailed,
    MagmaForbidden,
    MagmaNotFound,
    MagmaRefused,
    MagmaUnauthorized,
    MagmaUnavailable,
)
from magma.pages import Answer, ModelAnswer, Retrieved, TextTable, Vocabulary
from magma.recordings.exchanges import RecordedResponse
from magma.templates import Template

RIGHT_ERRORS: dict[int, type[MagmaError]] = {
    302: MagmaUnauthorized,
    400: MagmaRefused,
    401: MagmaUnauthorized,
    403: MagmaForbidden,
    404: MagmaNotFound,
    422: MagmaRefused,
    500: MagmaFailed,
    501: MagmaFailed,
    502: MagmaUnavailable,
    503: MagmaUnavailable,
    504: MagmaUnavailable,
}


class MisunderstoodError(Exception):
    """The client made something else of the reply; the message says what."""


def require_right_error(error: MagmaError, recorded: RecordedResponse) -> None:
    """The error's kind fits the status, and Magma's own sentence is in it."""
    right = RIGHT_ERRORS.get(recorded.status)
    if right is None or not isinstance(error, right):
        raise MisunderstoodError(f"a reply {recorded.status} was taken for {type(error).__name__}: {error}")
    said = json.dumps(recorded.body, ensure_ascii=False)
    if any(
        json.dumps(sentence.rstrip("…"), ensure_ascii=False)[1:-1] not in said for sentence in error.messages
    ):
        raise MisunderstoodError(f"Magma did not say {error.messages}")
    if recorded.body and not error.messages:
        raise MisunderstoodError("what Magma said was lost")


def require_same(answer: Any, recorded: RecordedResponse) -> None:
    """The typed answer holds what was recorded."""
    if isinstance(answer, Retrieved | Answer) and answer.ending is not None:
        _require_equal(recorded.status, int(HTTPStatus.UNPROCESSABLE_ENTITY), "an empty page's status")
        return
    _require_equal(recorded.status, int(HTTPStatus.OK), "the status")
    if isinstance(answer, Retrieved):
        _require_equal([*answer.models], [*recorded.body["models"]], "the models")
        for name, part in answer.models.items():
            _require_same_model(part, recorded.body["models"][name])
    elif isinstance(answer, Answer):
        for key in ("answer", "type", "format"):
            _require_equal(getattr(answer, key), recorded.body.get(key), key)
    elif isinstance(answer, TextTable):
        lines = csv.reader(io.StringIO(recorded.body, newline=""), dialect="excel-tab")
        _require_equal([answer.header, *answer.rows], list(lines) or [[]], "the table")
    elif isinstance(answer, Vocabulary):
        _require_equal(answer.said, recorded.body, "the vocabulary")
    else:
        _require_equal(
            answer, recorded.body["flags"] if isinstance(answer, dict) else recorded.body, "the answer"
        )


def _require_same_model(part: ModelAnswer, recorded: dict[str, Any]) -> None:
    _require_equal(part.documents, recorded["documents"], "the documents")
    _require_equal(part.count, recorded.get("count"), "the count")
    _require_equal(part.template is UNSET, "template" not in recorded, "the template's absence")
    if isinstance(part.template, Template):
        _require_same_template(part.template, recorded["template"])


def _require_same_template(template: Template, recorded: dict[str, Any]) -> None:
    for key in ("name", "identifier", "parent"):
        _require_equal(getattr(template, key), recorded.get(key), f"the template's {key}")
    typed = {
        name: [attribute.type, attribute.link_model, attribute.restricted]
        for name, attribute in template.attributes.items()
    }
    raw = {
        name: [
            attribute["attribute_type"],
            attribute.get("link_model_name"),
            attribute.get("restricted", False),
        ]
        for name, attribute in recorded["attributes"].items()
    }
    _require_equal(typed, raw, "the template's attributes")


def _require_equal(got: Any, wanted: Any, what: str) -> None:
    """Equal as JSON, where 1, 1.0 and true are three things."""
    if json.dumps(got, sort_keys=True) != json.dumps(wanted, sort_keys=True):
        raise MisunderstoodError(f"{what} came out as {str(got)[:100]} instead of {str(wanted)[:100]}")
