"""The one clock: the database's.

Hosts disagree about the time and deadlines must not, so every instant that decides something is read here,
once, at the edge (a view, a task, a command), and passed inwards as `now`.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection


def now() -> datetime:
    """The database's time at the start of this statement, aware, UTC."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        (instant,) = cursor.fetchone()
    if not isinstance(instant, datetime):
        raise TypeError(f"The database answered {instant!r} when asked for the time.")
    return instant
