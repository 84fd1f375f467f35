"""Writing suggestions set-wise: one statement a page for each of open, refresh and close.

Each statement writes the history rows of what it changed, and only of that; what is as it should be is not
written at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from loaders.drafts import Proposal

#: The columns of a proposal, as PostgreSQL reads them from JSON.
SHAPE = """loader_version text, analysis text, anchor text, members jsonb, output_key text, due text,
    reason text, restricted boolean, fingerprint text, touch text, output text, config jsonb, receipt jsonb,
    records text[]"""
COLUMNS = """loader_version, analysis, anchor, members, output_key, due, reason, restricted, fingerprint,
    touch, output, config, receipt, records"""

OPEN = f"""
WITH proposed AS (SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS p({SHAPE})),
opened AS (
    INSERT INTO loaders_suggestion
        (project, loader, model, shadow, status, opened_at, because, request_name, {COLUMNS})
    SELECT %(project)s, %(loader)s, %(model)s, %(shadow)s, 'open', %(now)s, '', '', {COLUMNS} FROM proposed
    WHERE NOT EXISTS (
        SELECT 1 FROM loaders_suggestion AS dismissed
        WHERE (dismissed.project, dismissed.loader, dismissed.model) = (%(project)s, %(loader)s, %(model)s)
        AND dismissed.anchor = proposed.anchor AND dismissed.status = 'dismissed'
        AND dismissed.fingerprint = proposed.fingerprint)
    ON CONFLICT (project, loader, model, anchor) WHERE status IN ('open', 'snoozed') DO NOTHING
    RETURNING id, reason)
INSERT INTO loaders_suggestionevent (suggestion_id, kind, source, target, actor, at, note)
SELECT id, 'opened', '', 'open', 'polyphemus', %(now)s, reason FROM opened
"""  # noqa: S608 — only our own column names are put together here

REFRESH = f"""
WITH proposed AS (SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS p({SHAPE})),
before AS (
    SELECT s.id, s.status FROM loaders_suggestion AS s JOIN proposed USING (anchor)
    WHERE s.project = %(project)s AND s.loader = %(loader)s AND s.model = %(model)s
    AND s.status IN ('open', 'snoozed') FOR UPDATE OF s),
refreshed AS (
    UPDATE loaders_suggestion AS s SET ({COLUMNS}) = (SELECT {COLUMNS} FROM proposed WHERE anchor = s.anchor),
        status = 'open', snoozed_until = NULL
    FROM before WHERE s.id = before.id RETURNING s.id, before.status AS source, s.reason)
INSERT INTO loaders_suggestionevent (suggestion_id, kind, source, target, actor, at, note)
SELECT id, 'refreshed', source, 'open', 'polyphemus', %(now)s, reason FROM refreshed
"""  # noqa: S608 — the same

CLOSE = """
WITH told AS (SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS p(anchor text, because text)),
before AS (
    SELECT s.id, s.status, told.because FROM loaders_suggestion AS s JOIN told USING (anchor)
    WHERE s.project = %(project)s AND s.loader = %(loader)s AND s.model = %(model)s
    AND s.status IN ('open', 'snoozed') FOR UPDATE OF s),
closed AS (
    UPDATE loaders_suggestion AS s SET status = 'closed', ended_at = %(now)s, because = before.because,
        snoozed_until = NULL
    FROM before WHERE s.id = before.id RETURNING s.id, before.status AS source, before.because)
INSERT INTO loaders_suggestionevent (suggestion_id, kind, source, target, actor, at, note)
SELECT id, 'closed', source, 'closed', 'polyphemus', %(now)s, because FROM closed
"""


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
        return self._write(OPEN, [asdict(proposal) for proposal in proposals])

    def refresh(self, proposals: Sequence[Proposal]) -> int:
        """Bring standing ones up to date; a snoozed one wakes, since something changed; how many."""
        return self._write(REFRESH, [asdict(proposal) for proposal in proposals])

    def close(self, because: Mapping[str, str]) -> int:
        """Close standing ones, anchor -> why; how many."""
        return self._write(CLOSE, [{"anchor": a, "because": why} for a, why in because.items()])

    def _write(self, statement: str, rows: list[dict[str, Any]]) -> int:
        if not rows:
            return 0
        spelled = json.dumps(rows, ensure_ascii=False)
        values = {"rows": spelled, "project": self.project, "loader": self.loader, "model": self.model}
        with connection.cursor() as cursor:
            cursor.execute(statement, values | {"now": self.now, "shadow": self.shadow})
            return int(cursor.rowcount)
