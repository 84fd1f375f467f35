"""What the routes of suggestions and scans take and give, for the API's description."""

from __future__ import annotations

from typing import Any

from loaders.states import DueReason, ScanKind, SuggestionStatus, Verdict
from polyphemus_site.openapi.described import Described, answer, listed, query

#: What a person may not do, on top of what every method may refuse.
REFUSALS = (400, 401, 403, 404, 406, 409, 413, 415, 429, 503)
JSON = "application/json"
TEXT: dict[str, Any] = {"type": "string"}
MAYBE: dict[str, Any] = {"type": ["string", "null"]}
INSTANT: dict[str, Any] = {"type": ["string", "null"], "format": "date-time"}
NUMBER: dict[str, Any] = {"type": "integer"}
NAMES = listed(TEXT)
PROJECT = query("project", "The project.") | {"required": True}
SUGGESTION = answer(
    id=NUMBER,
    project=TEXT,
    loader=TEXT,
    loader_version=TEXT,
    analysis=TEXT,
    model=TEXT,
    record=TEXT,
    records=NAMES,
    status={"enum": SuggestionStatus.values},
    due={"enum": DueReason.values},
    reason=TEXT,
    restricted={"type": "boolean"},
    config=answer(project=TEXT),
    alternatives=listed(NUMBER) | {"description": "Others that would make the same output."},
    opened_at=INSTANT,
    snoozed_until=INSTANT,
    ended_at=INSTANT,
    request=MAYBE | {"description": "The request it became."},
)
WHOLE = SUGGESTION | {
    "required": [*SUGGESTION["required"], "receipt", "events"],
    "properties": {
        **SUGGESTION["properties"],
        "receipt": {"description": "The checks and the values they saw."},
        "events": listed(answer(kind=TEXT, to=TEXT, by=TEXT, at=INSTANT)),
    },
}
LISTED = SUGGESTION | {
    "required": [*SUGGESTION["required"], "preselected", "may_request"],
    "properties": {
        **SUGGESTION["properties"],
        "preselected": {"type": "boolean", "description": "Of its alternatives what the caller chose last."},
        "may_request": {"type": "boolean"},
    },
}
LISTING = Described(
    parameters=(
        query("project", "Of this project alone; otherwise of all the caller has a hand in."),
        query("model", "About records of this model alone."),
        query("record", "About this record alone, or drawn from it."),
        query("loader", "By this loader alone."),
        query("status", "In this state; otherwise what is offered.", enum=SuggestionStatus.values),
        query("after", "The page after this id; `next` names it.", pattern="^[0-9]{0,18}$"),
    ),
    gives={(200, JSON): answer(suggestions=listed(LISTED), next=MAYBE)},
    refusals=REFUSALS,
)
READING = Described(gives={(200, JSON): WHOLE}, refusals=REFUSALS)


def taking(**fields: Any) -> dict[str, Any]:
    """A body of these, each of which may be left out."""
    return {"type": "object", "properties": fields, "additionalProperties": False}


ACCEPTING = Described(
    body=taking(
        name=MAYBE | {"description": "Otherwise one is proposed."},
        inputs={"type": ["array", "null"], "items": {"type": ["string", "object"]}},
        params={"type": ["object", "null"]},
    ),
    body_required=False,
    gives={(201, JSON): {"type": "object", "description": "The published request's document."}},
    refusals=REFUSALS,
)
DISMISSING = Described(
    body=taking(**{"for": {"enum": ["me", "project"], "default": "me"}, "reason": TEXT}),
    body_required=False,
    gives={(200, JSON): WHOLE},
    refusals=REFUSALS,
)
SNOOZING = Described(
    body=taking(until=INSTANT | {"description": "Without it, until something changes."}),
    body_required=False,
    gives={(200, JSON): WHOLE},
    refusals=REFUSALS,
)
EXPLAINING = Described(
    parameters=(
        PROJECT,
        query("loader", "Which loader.") | {"required": True},
        query("record", "Which record.") | {"required": True},
    ),
    gives={
        (200, JSON): answer(
            project=TEXT,
            loader=TEXT,
            model=TEXT,
            record=TEXT,
            verdict={"enum": Verdict.values},
            reason=TEXT,
            fingerprint=TEXT,
            checks={"type": "object", "description": "What each question came to, with the values seen."},
        )
    },
    refusals=(*REFUSALS, 500, 502, 504),
)
WAITING = Described(
    parameters=(PROJECT,),
    gives={
        (200, JSON): answer(
            waiting=listed(
                answer(
                    loader=TEXT,
                    model=TEXT,
                    verdict={"enum": Verdict.values},
                    verdict_text=TEXT,
                    what=TEXT,
                    whom=MAYBE,
                    count=NUMBER,
                    records=NAMES,
                    counted_at=INSTANT,
                )
            )
        )
    },
    refusals=REFUSALS,
)
RUN = answer(
    kind={"enum": ScanKind.values},
    project=TEXT,
    model=TEXT,
    started_at=INSTANT,
    ended_at=INSTANT,
    pages=NUMBER,
    records=NUMBER,
    error=MAYBE,
    error_code=MAYBE,
)
SCANNING = Described(
    parameters=(PROJECT,),
    gives={
        (200, JSON): answer(
            found=NUMBER,
            missed=NUMBER,
            late=NAMES,
            cursors=listed(answer(model=TEXT, since=INSTANT, read_at=INSTANT, found=NUMBER, missed=NUMBER)),
            full=listed(RUN),
            running=listed(RUN),
            failing=listed(RUN),
        )
    },
    refusals=REFUSALS,
)
