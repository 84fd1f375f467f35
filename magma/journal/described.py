"""What the journal takes and gives, for the API's description."""

from __future__ import annotations

from typing import Any

from magma.journal.services.entries import LIMITS
from polyphemus_site.openapi.described import Described, answer


def _text(name: str) -> dict[str, Any]:
    return {"type": ["string", "null"], "maxLength": LIMITS[name]}


WRITING = Described(
    body={
        "type": "object",
        "required": ["event"],
        "properties": {
            "event": {"type": "string", "minLength": 1, "maxLength": LIMITS["event"]},
            "user": _text("user"),
            "message": _text("message"),
            "application": _text("application") | {"description": "Null is the sender's own."},
            "payload": {"description": "Anything: Magma sends its whole answer as a string of JSON."},
        },
    },
    gives={(200, "application/json"): answer(log={"type": "integer"})},
    refusals=(400, 401, 406, 413, 415, 429, 500),
)
