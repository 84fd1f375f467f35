"""Which records have changed and want judging: many tellings of a record are one row until it is judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeAlias

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from loaders.models import Change
from loaders.names import is_kept
from loaders.services.copying import array

#: A journal entry that comes so long after a scan found the change was late, not missing.
LATE = timedelta(minutes=10)
#: After this long, by our own clock, the second that a stamp names is over, whatever Magma's clock says.
SECOND = timedelta(seconds=2)
#: How long a judged row is kept: longer than any scan's overlap.
KEPT = timedelta(days=1)

TELL = """
INSERT INTO loaders_change (project, model, record, pending, ripe_at, told_at, missed)
SELECT %(project)s, model, record, true, %(now)s, %(now)s, false
FROM unnest(%(models)s::text[], %(records)s::text[]) AS p(model, record)
ON CONFLICT (project, model, record) DO UPDATE
SET pending = true, ripe_at = excluded.ripe_at, told_at = excluded.told_at, missed = false
"""
#: The journal tells now of what a scan has counted as missed: it was only late.
FORGIVE = """
WITH late AS (
    SELECT model, disconnected, count(*) AS found FROM loaders_change
    JOIN unnest(%(models)s::text[], %(records)s::text[]) AS p(model, record) USING (model, record)
    WHERE project = %(project)s AND missed AND found_at > %(since)s GROUP BY model, disconnected)
UPDATE loaders_scancursor AS c SET missed = c.missed - late.found FROM late
WHERE c.project = %(project)s AND c.model = late.model AND c.disconnected = late.disconnected
"""
FIND = """
WITH p AS (SELECT * FROM unnest(%(records)s::text[], %(stamps)s::timestamptz[]) AS p(record, stamp)),
found AS (
    INSERT INTO loaders_change AS c
        (project, model, record, pending, ripe_at, stamp, found_at, missed, disconnected)
    SELECT %(project)s, %(model)s, record, true, %(now)s, stamp, %(now)s, %(counted)s, %(disconnected)s FROM p
    ON CONFLICT (project, model, record) DO UPDATE
    SET pending = true, ripe_at = excluded.ripe_at, stamp = excluded.stamp,
        disconnected = excluded.disconnected,
        found_at = CASE WHEN (c.stamp, c.disconnected) IS NOT DISTINCT FROM
            (excluded.stamp, excluded.disconnected) THEN c.found_at ELSE excluded.found_at END,
        missed = CASE WHEN (c.stamp, c.disconnected) IS NOT DISTINCT FROM
            (excluded.stamp, excluded.disconnected) THEN c.missed
            ELSE %(counted)s AND (c.told_at IS NULL OR c.told_at < excluded.stamp) END
    WHERE (c.stamp, c.disconnected) IS DISTINCT FROM (excluded.stamp, excluded.disconnected)
        OR (NOT c.pending AND c.looked_at < c.found_at + %(second)s)
    RETURNING found_at, missed)
SELECT count(*), count(*) FILTER (WHERE missed) FROM found WHERE found_at = %(now)s
"""
RIPEN = """
INSERT INTO loaders_change AS c (project, model, record, pending, ripe_at, missed)
SELECT %(project)s, %(model)s, record, true, ripe_at, false
FROM unnest(%(records)s::text[], %(ripe)s::timestamptz[]) AS p(record, ripe_at)
ON CONFLICT (project, model, record) DO UPDATE SET pending = true, ripe_at = CASE
    WHEN c.pending AND c.ripe_at > %(now)s THEN least(c.ripe_at, excluded.ripe_at) ELSE excluded.ripe_at END
WHERE NOT c.pending OR c.ripe_at <> excluded.ripe_at
"""
#: What was judged between a page's reading and its settling was judged on newer sight: judge it again.
REOPEN = """
UPDATE loaders_change AS c SET pending = true, ripe_at = %(now)s
FROM unnest(%(models)s::text[], %(records)s::text[]) AS p(model, record)
WHERE c.project = %(project)s AND c.model = p.model AND c.record = p.record
AND NOT c.pending AND c.looked_at >= %(since)s
"""
LATELY = "SELECT FROM loaders_change WHERE project = %s AND looked_at >= %s AND NOT pending LIMIT 1"
DONE = """
UPDATE loaders_change SET pending = false, looked_at = %(looked_at)s
WHERE id = ANY(%(ids)s::bigint[]) AND ripe_at <= %(looked_at)s
"""

#: What a statement is given.
Values: TypeAlias = dict[str, Any]


class Pending(NamedTuple):
    """A record that wants judging."""

    pk: int
    model: str
    record: str


@dataclass(frozen=True)
class Found:
    """How many changes a scan found, and how many of them the journal had not told of."""

    changes: int
    missed: int


def tell(project: str, touched: Mapping[str, Iterable[str]], *, now: datetime) -> int:
    """Take the journal's word that these records changed (model -> names); how many."""
    told = {(model, str(name)) for model, names in touched.items() for name in names}
    pairs = sorted((model, name) for model, name in told if is_kept(name))
    values: Values = {"project": project, "now": now, "since": now - LATE, **_columns(pairs)}
    with connection.cursor() as cursor:
        cursor.execute(FORGIVE, values)
        cursor.execute(TELL, values)
    return len(pairs)


def find(
    project: str,
    model: str,
    stamps: Mapping[str, datetime],
    *,
    disconnected: bool,
    counted: bool,
    now: datetime,
) -> Found:
    """Take a scan's word that these records changed; the same record under the same stamp is no new change.

    Yet Magma shows whole seconds, and a second write within one looks like the first: what was judged while
    that second may still have lasted is judged once more.

    `counted`: whether the journal could have told of them, so that its silence counts.
    """
    names = sorted(filter(is_kept, stamps))
    values: Values = {"project": project, "model": model, "now": now, "second": SECOND}
    values |= {
        "records": array(names),
        "stamps": array(stamps[name].isoformat() for name in names),
        "disconnected": disconnected,
        "counted": counted,
    }
    with _unhurried() as cursor:
        cursor.execute(FIND, values)
        return Found(*map(int, cursor.fetchone()))


def ripen(project: str, model: str, ripens: Mapping[str, datetime], *, now: datetime) -> None:
    """Have anchors judged again when time alone may have changed their verdict."""
    if not ripens:
        return
    values: Values = {"project": project, "model": model, "now": now}
    values |= {"records": list(ripens), "ripe": list(ripens.values())}
    with connection.cursor() as cursor:
        cursor.execute(RIPEN, values)


def reopen(project: str, read: Mapping[str, Iterable[str]], *, since: datetime, now: datetime) -> int:
    """Have those of these judged again (model -> names) that others judged since an instant; how many."""
    with connection.cursor() as cursor:
        cursor.execute(LATELY, [project, since])
        if cursor.fetchone() is None:
            return 0
        kept = sorted((model, name) for model, names in read.items() for name in names if is_kept(name))
        cursor.execute(REOPEN, {"project": project, "since": since, "now": now, **_columns(kept)})
        return int(cursor.rowcount)


def pending(project: str, count: int, *, now: datetime) -> list[Pending]:
    """So many of those that want judging, the oldest first."""
    rows = Change.objects.pending(project, now=now).values_list("pk", "model", "record")[:count]
    return [Pending(*row) for row in rows]


def done(rows: Sequence[Pending], *, looked_at: datetime) -> None:
    """Mark as judged what had changed before it was looked at; what changed again meanwhile stays pending."""
    with _unhurried() as cursor:
        ids = "{" + ",".join(str(row.pk) for row in rows) + "}"
        cursor.execute(DONE, {"ids": ids, "looked_at": looked_at})


def forget(*, now: datetime) -> int:
    """Delete rows judged long ago; how many."""
    deleted, _ = Change.objects.filter(pending=False, looked_at__lt=now - KEPT).delete()
    return deleted


@contextmanager
def _unhurried() -> Iterator[CursorWrapper]:
    """A transaction that PostgreSQL need not have on the disk at once.

    What a crash takes from it is done again: a scan's cursor moves on by a transaction of its own, which is
    on the disk only after all that came before it; what was judged and isn't marked so is judged once more.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit TO off")
        yield cursor


def _columns(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    return {"models": array(model for model, _ in pairs), "records": array(record for _, record in pairs)}
