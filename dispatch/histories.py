"""What happened, as lines of JSON: for an audit, an archive, or another program."""

from __future__ import annotations

import json
from collections.abc import Iterator

from dispatch import documents
from dispatch.models import RequestEvent
from dispatch.querysets import RequestEventQuerySet

#: So many rows are held at once, however long the history is.
ROWS = 2000


def lines(events: RequestEventQuerySet) -> Iterator[str]:
    """One line for each event, oldest first; read in pieces, so that any length will do."""
    for event in events.select_related("request").order_by("pk").iterator(ROWS):
        yield json.dumps(line(event), ensure_ascii=False) + "\n"


def line(event: RequestEvent) -> documents.Document:
    """An event with the request it happened to."""
    (said,) = documents.history([event])
    request = event.request
    named = {
        "id": event.pk,
        "request": request.name,
        "project": request.project,
        "analysis": request.analysis,
    }
    return named | said
