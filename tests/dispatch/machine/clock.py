"""The database's clock, moved: a schema before `pg_catalog` in the search path has a function of its name.

Nothing of the program knows. Every process whose connections look there first lives at the moved time.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from django.db import connection

from tests.web import tests_database_url

SCHEMA = """
DROP SCHEMA IF EXISTS moved CASCADE;
CREATE SCHEMA moved;
CREATE TABLE moved.by (by interval NOT NULL);
INSERT INTO moved.by VALUES ('0');
CREATE FUNCTION moved.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE AS
  $$ SELECT pg_catalog.statement_timestamp() + by FROM moved.by $$;
"""
OPTIONS = "-c search_path=moved,pg_catalog,public"


class MovedClock:
    """The time of the processes under test."""

    def __init__(self) -> None:
        """Start at the present."""
        self.by = timedelta()
        with connection.cursor() as cursor:
            cursor.execute(SCHEMA)

    @property
    def url(self) -> str:
        """The tests' database at the moved time."""
        return f"{tests_database_url()}?options={quote(OPTIONS)}"

    def now(self) -> datetime:
        """As the programs read it."""
        return datetime.now(UTC) + self.by

    def pass_time(self, by: timedelta) -> None:
        """Let it be later."""
        self.by += by
        with connection.cursor() as cursor:
            cursor.execute("UPDATE moved.by SET by = %s", [f"{self.by.total_seconds()} seconds"])

    def remove(self) -> None:
        """Leave the database as it was."""
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA moved CASCADE")
