"""Long lists, written by the database: one statement makes a page's bytes, and equal questions share them.

The text made here is what `documents.v1` gives, byte for byte; a test compares the two.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from django.core.exceptions import EmptyResultSet
from django.db import connection

from dispatch.querysets import AnalysisRequestQuerySet

COLUMNS = (
    *("id", "analysis", "requester", "name", "requested_at", "status", "config"),
    *("analyst", "started_at", "due_at", "ended_at", "outcome"),
)
#: `YYYY-MM-DD@HH:MM` in UTC, cut to the minute, as the founding text writes dates.
MINUTE = """to_json(to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD@HH24:MI'))::text"""
DOCUMENT = f"""
  '{{"analysis":' || to_json(r.analysis)::text || ',"requester":' || to_json(r.requester)::text
  || ',"name":' || to_json(r.name)::text || ',"request-date":' || {MINUTE.format("r.requested_at")}
  || ',"status":' || to_json(r.status)::text || ',"config":' || r.config::text
  || CASE WHEN r.analyst = '' OR r.due_at IS NULL THEN ''
     ELSE ',"analyst":' || to_json(r.analyst)::text || ',"start-date":' || {MINUTE.format("r.started_at")}
          || ',"due-date":' || {MINUTE.format("r.due_at")} END
  || CASE WHEN r.ended_at IS NULL THEN ''
     ELSE ',"end-date":' || {MINUTE.format("r.ended_at")} || ',"outcome":' || to_json(r.outcome)::text END
  || '}}'
"""
#: One row more than is shown tells whether there is a next page.
PAGE = f"""
SELECT string_agg({DOCUMENT}, ',' ORDER BY r.id) FILTER (WHERE r.place <= %s),
       max(r.id) FILTER (WHERE r.place <= %s), count(*)
  FROM (SELECT page.*, row_number() OVER (ORDER BY page.id) AS place FROM ({{page}}) AS page) AS r
"""  # noqa: S608 — made of the texts above, values are passed apart
#: What a web worker keeps of pages that were asked for lately.
MOST_BYTES = 64 * 1024 * 1024


class Shelf:
    """Bytes by ETag, the longest unused given up first. An ETag names all that went into its bytes."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        """Start empty."""
        self.most_bytes = most_bytes
        self.size = 0
        self.kept: OrderedDict[str, bytes] = OrderedDict()
        self.lock = Lock()

    def get(self, tag: str, make: Callable[[], bytes]) -> bytes:
        """The bytes of this tag, made when they are not here."""
        with self.lock:
            if tag in self.kept:
                self.kept.move_to_end(tag)
                return self.kept[tag]
        made = make()
        with self.lock:
            self._put(tag, made)
        return made

    def _put(self, tag: str, made: bytes) -> None:
        self.size += len(made) - len(self.kept.pop(tag, b""))
        self.kept[tag] = made
        while self.size > self.most_bytes:
            _, dropped = self.kept.popitem(last=False)
            self.size -= len(dropped)


shelf = Shelf()


def documents_of(requests: AnalysisRequestQuerySet, *, limit: int) -> tuple[bytes, int | None]:
    """The documents of the first `limit` requests as one JSON list, and the last one's id if more follow."""
    rows = requests.order_by("pk").values(*COLUMNS)[: limit + 1]
    try:
        inner, values = rows.query.sql_with_params()
    except EmptyResultSet:  # Django knows without asking: a key without scopes, a person without projects
        return b"[]", None
    with connection.cursor() as cursor:
        cursor.execute(PAGE.replace("{page}", inner), [limit, limit, *values])
        text, last, count = cursor.fetchone()
    return f"[{text or ''}]".encode(), last if count > limit else None
