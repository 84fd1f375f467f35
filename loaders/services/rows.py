"""Writing suggestions set-wise: one statement a page for each of open, refresh and close, for all loaders.

Each statement writes the history rows of what it changed, and only of that; what is as it should be is not
written at all. Proposals go by COPY, since read from one JSON document they cost PostgreSQL nearly twice as
much: what was never suggested before straight to its place, all else into a table of the transaction's own.

Each row is looked up by its key, in a subquery that can't be joined otherwise: a scan fills the table faster
than PostgreSQL counts it, and plans made from stale counts read all of a model for every page.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
from django.db import IntegrityError, connection, transaction

from loaders.drafts import Draft, Proposal
from loaders.services.copying import array, field, flag, json_field, without_nul
from polyphemus_site.sentences import bytes_of, form_of

logger = logging.getLogger(__name__)

#: What a proposal brings, in the order in which its line has them.
COLUMNS = """loader_version, analysis, output_key, anchor, members, due, reason, restricted, fingerprint,
    touch, output, config, receipt, records"""
PROPOSED = ", ".join(f"before.{column.strip()}" for column in COLUMNS.split(","))

#: Where proposals wait for the statement that takes them up. Within one transaction there may be several.
TABLE = """
CREATE TEMPORARY TABLE IF NOT EXISTS proposed (
    loader text, shadow boolean, loader_version text, analysis text, output_key text, anchor text,
    members jsonb, due text, reason jsonb, restricted boolean, fingerprint text, touch text, output text,
    config jsonb, receipt jsonb, records text[]) ON COMMIT DROP;
DELETE FROM proposed
"""
COPY = "COPY proposed FROM STDIN"

OPEN = f"""
WITH opened AS (
    INSERT INTO loaders_suggestion
        (project, loader, model, shadow, status, opened_at, because, request_name, {COLUMNS})
    SELECT %(project)s, loader, %(model)s, shadow, 'open', %(now)s, '""', '', {COLUMNS} FROM proposed
    WHERE (
        SELECT 1 FROM loaders_suggestion AS dismissed
        WHERE (dismissed.project, dismissed.model) = (%(project)s, %(model)s)
        AND dismissed.loader = proposed.loader AND dismissed.anchor = proposed.anchor
        AND dismissed.status = 'dismissed' AND dismissed.fingerprint = proposed.fingerprint LIMIT 1) IS NULL
    ON CONFLICT (project, loader, model, anchor) WHERE status IN ('open', 'snoozed') DO NOTHING
    RETURNING id, reason)
INSERT INTO loaders_suggestionevent (suggestion_id, kind, source, target, actor, at, note)
SELECT id, 'opened', '', 'open', 'polyphemus', %(now)s, reason FROM opened
"""  # noqa: S608 — only our own column names are put together here

#: Whether anything was ever suggested by any of these loaders for its anchor.
MET = """
SELECT EXISTS (SELECT FROM unnest(%(loaders)s::text[], %(anchors)s::text[]) AS asked(loader, anchor)
    WHERE (
        SELECT 1 FROM loaders_suggestion AS s
        WHERE (s.project, s.model) = (%(project)s, %(model)s)
        AND s.anchor = asked.anchor AND s.loader = asked.loader LIMIT 1) IS NOT NULL)
"""
#: The sequence is looked up once, not for every number.
NUMBERS = """
SELECT nextval((SELECT pg_get_serial_sequence('loaders_suggestion', 'id')::regclass))
FROM generate_series(1, %s)
"""
COPY_NEW = f"""
COPY loaders_suggestion
    (id, project, model, status, opened_at, because, request_name, loader, shadow, {COLUMNS}) FROM STDIN
"""
NOTE_NEW = """
INSERT INTO loaders_suggestionevent (suggestion_id, kind, source, target, actor, at, note)
SELECT id, 'opened', '', 'open', 'polyphemus', %(now)s, reason FROM loaders_suggestion
WHERE id = ANY(%(numbers)s) ORDER BY id
"""

#: What stands for a `named` loader and anchor, kept from changing meanwhile.
STANDS = """
CROSS JOIN LATERAL (
    SELECT id, status FROM loaders_suggestion
    WHERE (project, model) = (%(project)s, %(model)s)
    AND loader = named.loader AND anchor = named.anchor AND status IN ('open', 'snoozed')
    LIMIT 1 FOR UPDATE) AS standing
"""

REFRESH = f"""
WITH before AS (SELECT standing.id, standing.status AS source, named.* FROM proposed AS named {STANDS}),
refreshed AS (
    UPDATE loaders_suggestion AS s SET ({COLUMNS}) = (SELECT {PROPOSED}),
        status = 'open', snoozed_until = NULL
    FROM before WHERE s.id = before.id RETURNING s.id, before.source, s.reason)
INSERT INTO loaders_suggestionevent (suggestion_id, kind, source, target, actor, at, note)
SELECT id, 'refreshed', source, 'open', 'polyphemus', %(now)s, reason FROM refreshed
"""  # noqa: S608 — the same

CLOSE = f"""
WITH named AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS p(loader text, anchor text, because jsonb)),
before AS (SELECT standing.id, standing.status AS source, named.because FROM named {STANDS}),
closed AS (
    UPDATE loaders_suggestion AS s SET status = 'closed', ended_at = %(now)s, because = before.because,
        snoozed_until = NULL
    FROM before WHERE s.id = before.id RETURNING s.id, before.source, before.because)
INSERT INTO loaders_suggestionevent (suggestion_id, kind, source, target, actor, at, note)
SELECT id, 'closed', source, 'closed', 'polyphemus', %(now)s, because FROM closed
"""  # noqa: S608 — the same


#: What a full scan saw of these anchors no longer tells what stands for them: they are judged again.
UNSETTLE = """
INSERT INTO loaders_unsettled (project, model, anchor)
SELECT %(project)s, %(model)s, anchor FROM unnest(%(anchors)s::text[]) AS p(anchor)
"""
RETOUCH = """
UPDATE loaders_suggestion AS s SET (touch, analysis, output_key, output, config, records)
    = (p.touch, p.analysis, p.output_key, p.output, p.config, p.records)
FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS p(id bigint, touch text, analysis text, output_key text, output text, config jsonb, records text[])
WHERE s.id = p.id AND s.status IN ('open', 'snoozed')
"""


@dataclass(frozen=True)
class Lines:
    """One loader's draft as the statements read it; spelling it finds out what can't be spelled."""

    loader: str
    #: Anchor or batch -> the line that opens its suggestion.
    opens: dict[str, str]
    refreshes: list[str]
    closes: list[msgspec.Raw]
    retouches: list[msgspec.Raw]
    #: The anchors whose suggestions are written.
    anchors: list[str]

    @classmethod
    def of(cls, loader: str, draft: Draft, *, shadow: bool = False) -> Lines:
        """Spell a draft. TypeError when a lab's own code gave what no JSON can hold."""
        proposed = (*draft.open, *draft.refresh)
        start = f"{field(loader)}\t{flag(shadow)}"
        return cls(
            loader=loader,
            opens={one.anchor: _line(start, one) for one in draft.open},
            refreshes=[_line(start, one) for one in draft.refresh],
            closes=[
                _spelled({"loader": loader, "anchor": a, "because": form_of(why)})
                for a, why in draft.close.items()
            ],
            retouches=[_spelled(vars(one)) for one in draft.retouch],
            anchors=[*(name for one in proposed for name in one.members), *draft.close],
        )


#: Of texts that many proposals have in common.
_shared = lru_cache(maxsize=1024)(field)


def _line(start: str, one: Proposal) -> str:
    """A proposal as a line of COPY."""
    members, reason, config, receipt = (
        json_field(msgspec.json.encode(part))
        for part in (one.members, bytes_of(one.reason), one.config, one.receipt)
    )
    version, analysis, key = _shared(one.loader_version), _shared(one.analysis), _shared(one.output_key)
    prints = f"{field(one.fingerprint)}\t{field(one.touch)}\t{field(one.output)}"
    return (
        f"{start}\t{version}\t{analysis}\t{key}\t{field(one.anchor)}\t{members}\t{_shared(one.due)}\t"
        f"{reason}\t{flag(one.restricted)}\t{prints}\t{config}\t{receipt}\t"
        f"{field(array(one.records))}\n"
    )


def _spelled(row: dict[str, Any]) -> msgspec.Raw:
    """As JSON that PostgreSQL can keep."""
    return msgspec.Raw(without_nul(msgspec.json.encode(row)))


@dataclass
class Slate:
    """What is to be written for suggestions about one model, whichever loaders make them."""

    project: str
    model: str
    now: datetime
    #: Whether it is a full scan that writes, and keeps what it saw of these anchors itself.
    by_sweep: bool = False

    def write(self, lines: Sequence[Lines]) -> int:
        """Write them, in the caller's transaction; how many rows were written for suggestions."""
        written = (
            self._write(CLOSE, [raw for one in lines for raw in one.closes])
            + self._propose(REFRESH, [line for one in lines for line in one.refreshes])
            + self._open([one for one in lines if one.opens])
            + self._write(RETOUCH, [raw for one in lines for raw in one.retouches])
        )
        anchors = dict.fromkeys(name for one in lines for name in one.anchors)
        if anchors and not self.by_sweep:
            self._execute(UNSETTLE, anchors=list(anchors))
        return written

    def _write(self, statement: str, rows: list[msgspec.Raw]) -> int:
        return self._execute(statement, rows=msgspec.json.encode(rows).decode()) if rows else 0

    def _open(self, lines: Sequence[Lines]) -> int:
        """Open what is proposed; straight away where nothing can stand in its way."""
        opens = [line for one in lines for line in one.opens.values()]
        if not opens:
            return 0
        if not self._is_met(lines):
            try:
                with transaction.atomic():
                    return self._copy_new(opens)
            except IntegrityError:  # somebody has just opened some of them: the statement passes these over
                logger.info("Others suggest the same of %s %s.", self.project, self.model)
        return self._propose(OPEN, opens)

    def _is_met(self, lines: Sequence[Lines]) -> bool:
        pairs = [(one.loader, anchor) for one in lines for anchor in one.opens]
        loaders, anchors = (array(column) for column in zip(*pairs, strict=True))
        place = {"project": self.project, "model": self.model}
        with connection.cursor() as cursor:
            cursor.execute(MET, {"loaders": loaders, "anchors": anchors, **place})
            return bool(cursor.fetchone()[0])

    def _copy_new(self, opens: Sequence[str]) -> int:
        own = f'{field(self.project)}\t{field(self.model)}\topen\t{self.now.isoformat()}\t""\t\t'
        with connection.cursor() as cursor:
            cursor.execute(NUMBERS, [len(opens)])
            numbers = [number for (number,) in cursor.fetchall()]
            with connection.wrap_database_errors, cursor.copy(COPY_NEW) as copy:
                copy.write("".join([f"{n}\t{own}{line}" for n, line in zip(numbers, opens, strict=True)]))
            cursor.execute(NOTE_NEW, {"now": self.now, "numbers": numbers})
        return len(opens)

    def _propose(self, statement: str, lines: list[str]) -> int:
        if not lines:
            return 0
        with connection.cursor() as cursor:
            cursor.execute(TABLE)
            with connection.wrap_database_errors, cursor.copy(COPY) as copy:
                copy.write("".join(lines))
        return self._execute(statement)

    def _execute(self, statement: str, **values: Any) -> int:
        values |= {"project": self.project, "model": self.model, "now": self.now}
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return int(cursor.rowcount)


@dataclass(frozen=True)
class Desk:
    """Whose suggestions are written, and when."""

    project: str
    loader: str
    model: str
    now: datetime
    shadow: bool = False

    def open(self, proposals: Sequence[Proposal]) -> int:
        """Open those that don't stand yet and weren't dismissed for the same inputs; how many."""
        return self._write(Draft(open=list(proposals)))

    def refresh(self, proposals: Sequence[Proposal]) -> int:
        """Bring standing ones up to date; a snoozed one wakes, since something changed; how many."""
        return self._write(Draft(refresh=list(proposals)))

    def close(self, because: Mapping[str, str]) -> int:
        """Close standing ones, anchor -> why; how many."""
        return self._write(Draft(close=dict(because)))

    def _write(self, draft: Draft) -> int:
        lines = Lines.of(self.loader, draft, shadow=self.shadow)
        with transaction.atomic():
            return Slate(self.project, self.model, self.now).write([lines])
