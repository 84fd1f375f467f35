"""Statements that PostgreSQL parses once for each connection, for the few that every signed call runs.

Django writes values into the text of a statement, so that each run is parsed and planned anew; for a bid that
is more than half of what the database computes. These go by libpq's own prepared statements, on Django's
connection, in its transaction if there is one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import psycopg
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from psycopg.pq import ExecStatus, TransactionStatus

from polyphemus_site.postgresql.base import DatabaseWrapper

Value = str | int | datetime | Sequence[str] | None
#: A column has another type than when the statement was prepared; somebody let go of what was prepared.
OUTDATED = (psycopg.errors.FeatureNotSupported, psycopg.errors.InvalidSqlStatementName)
#: A row as PostgreSQL writes it: text, or None for null.
Row = tuple[str | None, ...]


class Statement:
    """One statement; a value stands in the text as `{name}`, and `types` says what PostgreSQL calls it."""

    def __init__(self, name: str, text: str, /, **types: str) -> None:
        """The name must be this statement's alone."""
        self.name = name.encode()
        self.text = text.format(
            **{value: f"${place}::{kind}" for place, (value, kind) in enumerate(types.items(), 1)}
        )
        self.values = tuple(types)

    def row(self, **values: Value) -> Row | None:
        """Run it; the first row, if it gives any."""
        wrapper = cast("DatabaseWrapper", connections[DEFAULT_DB_ALIAS])
        try:
            return self._run(wrapper, values)
        except DatabaseError as error:
            if not isinstance(error.__cause__, OUTDATED):
                raise
            wrapper.close_at = 0  # a new connection prepares anew: the next request's at the latest
            if wrapper.in_atomic_block:
                raise
        wrapper.close_if_unusable_or_obsolete()
        return self._run(wrapper, values)

    def _run(self, wrapper: DatabaseWrapper, values: Mapping[str, Value]) -> Row | None:
        line = self._line(wrapper)
        with wrapper.wrap_database_errors:
            if self.name not in wrapper.prepared:
                made = line.pgconn.prepare(self.name, self.text.encode())
                _refuse_failure(line, made, ExecStatus.COMMAND_OK)
                wrapper.prepared.add(self.name)
            given = [_written(values[value]) for value in self.values]
            result = line.pgconn.exec_prepared(self.name, given)  # type: ignore[arg-type]  # the stub forgets that a value may be null
            _refuse_failure(line, result, ExecStatus.TUPLES_OK)
        if not result.ntuples:
            return None
        cells = [result.get_value(0, column) for column in range(result.nfields)]
        return tuple([None if cell is None else cell.decode() for cell in cells])

    def _line(self, wrapper: DatabaseWrapper) -> psycopg.Connection[Any]:
        """Django's connection, looked after as its own cursors do."""
        wrapper.validate_no_broken_transaction()
        wrapper.close_if_health_check_failed()
        if wrapper.connection is None:
            wrapper.ensure_connection()
        if wrapper.queries_logged:
            wrapper.queries_log.append({"sql": self.text, "time": "0"})
        line: psycopg.Connection[Any] = wrapper.connection
        if not line.autocommit and line.pgconn.transaction_status == TransactionStatus.IDLE:
            line.pgconn.exec_(
                b"BEGIN"
            )  # psycopg begins a transaction with its own first statement, not with ours
        return line


def _refuse_failure(line: psycopg.Connection[Any], result: Any, wanted: ExecStatus) -> None:
    if line.closed:
        raise psycopg.OperationalError("The connection to the database was lost.")
    if result.status != wanted:
        raise psycopg.errors.error_from_result(result)


def _written(value: Value) -> bytes | None:
    """The value in PostgreSQL's text form."""
    if value is None:
        return None
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, datetime):
        return value.isoformat().encode()
    if isinstance(value, int):
        return b"%d" % value
    return b"{%s}" % b",".join(map(_quoted, value))


def _quoted(word: str) -> bytes:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return _text(f'"{escaped}"')


def _text(text: str) -> bytes:
    """As psycopg has it: libpq would read no further than a NUL, and take the word for another."""
    if "\0" in text:
        raise psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
    return text.encode()
