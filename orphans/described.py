"""What the routes of orphans take and give, for the API's description."""

from __future__ import annotations

from typing import Any

from orphans.states import Cause, OrphanStatus
from polyphemus_site.openapi.described import Described

#: What a person may not do, on top of what every method may refuse.
REFUSALS = (400, 401, 403, 404, 406, 409, 413, 415, 429, 503)


def query(name: str, about: str, **shape: Any) -> dict[str, Any]:
    """A word of the address."""
    return {"name": name, "in": "query", "description": about, "schema": {"type": "string"} | shape}


def answer(**properties: Any) -> dict[str, Any]:
    """An object that always holds these, among others."""
    return {"type": "object", "required": sorted(properties), "properties": properties}


LISTING = Described(
    parameters=(
        query("project", "The project.") | {"required": True},
        query("model", "Of this model alone."),
        query("cause", "Of this cause alone.", enum=Cause.values),
        query("status", "In this state; otherwise all that are orphans still.", enum=OrphanStatus.values),
        query("text", "Whose name holds this."),
        query("after", "The page after this id; `next` names it."),
    ),
    gives={
        (200, "application/json"): answer(
            orphans={
                "type": "array",
                "items": answer(
                    id={"type": "integer"},
                    model={"type": "string"},
                    record={"type": "string"},
                    status={"enum": OrphanStatus.values},
                    cause={"enum": Cause.values},
                    records={
                        "type": ["integer", "null"],
                        "description": "The size of its tree when a review last looked; null before any did.",
                    },
                ),
            },
            next={"type": ["string", "null"]},
            count={"type": "integer", "description": "How many the filter selects, on all pages."},
            card={"type": ["object", "null"], "description": "For those who may decide."},
            may_decide={"type": "boolean", "description": "Whether the caller may begin a review."},
        )
    },
    refusals=REFUSALS,
)
REVIEW = answer(
    id={"type": "integer"},
    status={"type": "string"},
    confirm={"type": ["string", "null"], "description": "What to send as `confirm` to remove."},
    may_decide={"type": "boolean", "description": "Whether the caller may decide on it."},
    may_remove={"type": "boolean", "description": "Whether the caller may remove, and agree to a removal."},
    needs_second={
        "type": "boolean",
        "description": "Whether a removal the caller decides waits for a second person.",
    },
)
BEGINNING = Described(
    body=answer(project={"type": "string"})
    | {"description": "`orphans`, a list of ids, or the words of the list's filter."},
    gives={(201, "application/json"): REVIEW},
    refusals=REFUSALS,
)
READING = Described(gives={(200, "application/json"): REVIEW}, refusals=REFUSALS)
