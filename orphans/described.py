"""What the routes of orphans take and give, for the API's description."""

from __future__ import annotations

from orphans.forms import LARGEST_STATUS, MOST_TEXT
from orphans.states import Cause, Decision, Fate, OrphanStatus, ReviewStatus
from polyphemus_site.openapi.described import Described, answer, listed, query

#: What a person may not do, on top of what every method may refuse.
REFUSALS = (400, 401, 403, 404, 406, 409, 413, 415, 429, 503)
JSON = "application/json"
TEXT = {"type": "string", "maxLength": MOST_TEXT}
NUMBER = {"type": "integer"}
FLAG = {"type": "boolean"}
MAYBE = {"type": ["string", "null"]}
CURSOR = {"type": "string", "pattern": "^[0-9]{0,18}$"}
PROJECT = query("project", "The project.") | {"required": True}

LISTING = Described(
    parameters=(
        PROJECT,
        query("model", "Of this model alone."),
        query("cause", "Of this cause alone.", enum=Cause.values),
        query("status", "In this state; otherwise all that are orphans still.", enum=OrphanStatus.values),
        query("text", "Whose name holds this."),
        query("after", "The page after this id; `next` names it.", **CURSOR),
    ),
    gives={
        (200, JSON): answer(
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
    status={"enum": ReviewStatus.values},
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
    gives={(201, JSON): REVIEW},
    refusals=REFUSALS,
)
READING = Described(gives={(200, JSON): REVIEW}, refusals=REFUSALS)
RECENT = Described(
    parameters=(PROJECT,),
    gives={
        (200, JSON): answer(
            reviews=listed(
                answer(id=NUMBER, project={"type": "string"}, status={"enum": ReviewStatus.values})
            )
        )
    },
    refusals=REFUSALS,
)
DECIDING = Described(
    body={
        "type": "object",
        "required": ["decision"],
        "properties": {
            "decision": {"enum": Decision.values},
            "reason": TEXT,
            "until": TEXT
            | {"description": "For `later`: an instant or a date; UTC unless it says otherwise."},
            "parents": {"type": "object", "description": "For `adopt`: a parent for each orphan's id."},
            "likeliest": FLAG | {"description": "For `adopt`: each its likeliest parent."},
            "confirm": TEXT | {"description": "For `remove`: the words the review asks for."},
        },
    },
    gives={(200, JSON): REVIEW},
    refusals=REFUSALS,
)
ITEMS = Described(
    parameters=(
        query("model", "Of this model alone."),
        query("cause", "Of this cause alone.", enum=Cause.values),
        query("batch", "Of this batch alone."),
        query("fate", "Which this became of alone.", enum=Fate.values),
        query("after", "The page after this id; `next` names it.", **CURSOR),
    ),
    gives={
        (200, JSON): answer(
            items=listed(
                answer(
                    id=NUMBER,
                    orphan=NUMBER,
                    model={"type": "string"},
                    record={"type": "string"},
                    document={"type": "object", "description": "As it was seen, less what is restricted."},
                    fate={"enum": Fate.values},
                )
            ),
            next=MAYBE,
        )
    },
    refusals=REFUSALS,
)
ADOPTING = Described(
    body={"type": "object", "required": ["parent"], "properties": {"parent": TEXT | {"minLength": 1}}},
    gives={(201, JSON): REVIEW},
    refusals=REFUSALS,
)
SENDING = Described(
    body={
        "type": "object",
        "required": ["status"],
        "properties": {
            "status": {
                "type": "integer",
                "minimum": 0,
                "maximum": LARGEST_STATUS,
                "description": "What Magma answered to the caller's own browser; 0 where it did not.",
            },
            "said": TEXT,
        },
    },
    gives={(200, JSON): REVIEW},
    refusals=REFUSALS,
)
PARENTS = Described(
    gives={
        (200, JSON): answer(
            orphan=NUMBER,
            parents=listed(
                answer(parent={"type": "string"}, update={"type": "object"})
                | {"description": "The likeliest first; `update` is the body that adopts it there."}
            ),
        )
    },
    refusals=REFUSALS,
)
COPIES = Described(
    parameters=(PROJECT, query("before", "The page before this id; `next` names it.", **CURSOR)),
    gives={
        (200, JSON): answer(
            bundles=listed(
                answer(
                    number=NUMBER,
                    review=NUMBER,
                    url={"type": "string"},
                    status={"type": "string"},
                    sha256=MAYBE,
                    records={"type": ["integer", "null"]},
                )
            ),
            next=MAYBE,
        )
    },
    refusals=REFUSALS,
)
COPY = Described(
    gives={(200, JSON): {"description": "The records of one orphan's tree, as canonical JSON."}},
    refusals=REFUSALS,
)
UNDOING = Described(
    gives={
        (200, JSON): answer(notes=listed({"type": "string"}), updates=listed({"type": "object"}))
        | {"description": "Bodies to post to Magma, in this order."}
    },
    refusals=REFUSALS,
)
SCRIPT = Described(gives={(200, "application/sql"): {"type": "string"}}, refusals=REFUSALS)
HANDOFF = Described(
    gives={(200, "application/zip"): {"type": "string", "contentMediaType": "application/zip"}},
    refusals=REFUSALS,
)
AUDIT = Described(
    parameters=(PROJECT,), gives={(200, "text/csv; charset=utf-8"): {"type": "string"}}, refusals=REFUSALS
)
