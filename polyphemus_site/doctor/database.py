"""PostgreSQL: its version, our tables, our rights."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from polyphemus_site.health import Finding

OLDEST = 14_00_00


def examine(now: datetime) -> Iterator[Finding]:
    """Everything about a database that answers."""
    del now
    yield _version()
    yield _migrations()
    yield _rights()


def _version() -> Finding:
    connection.ensure_connection()
    number = int(connection.connection.info.server_version)
    version = f"PostgreSQL {number // 10000}.{number % 10000}"
    if number < OLDEST:
        return Finding.fail("database version", f"{version} is too old.", "Use PostgreSQL 14 or newer.")
    return Finding.ok("database version", f"{version}.")


def _migrations() -> Finding:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        return Finding.fail(
            "migrations", f"{len(missing)} migration(s) are not applied.", "Run `manage.py migrate`."
        )
    return Finding.ok("migrations", "All are applied.")


def _rights() -> Finding:
    """What the running program needs; `migrate` may use another account."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relkind = 'r' AND n.nspname = current_schema() AND NOT ("
            "has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')) ORDER BY 1"
        )
        closed = [name for (name,) in cursor.fetchall()]
        cursor.execute("SELECT has_database_privilege(current_database(), 'TEMPORARY'), current_database()")
        may_set_aside, name = cursor.fetchone()
    if closed:
        return Finding.fail(
            "database rights",
            f"The account may not read and write {', '.join(closed[:5])}.",
            "Grant SELECT, INSERT, UPDATE and DELETE on all tables to the account in DATABASE_URL.",
        )
    if not may_set_aside:
        return Finding.fail(
            "database rights",
            "The account may make no temporary tables, without which no scan can write a suggestion.",
            f'GRANT TEMPORARY ON DATABASE "{name}" to the account in DATABASE_URL.',
        )
    return Finding.ok("database rights", "The account may read and write every table.")
