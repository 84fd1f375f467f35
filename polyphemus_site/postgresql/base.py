"""The database engine named in the settings.

Connections persist, and a server may have ended one meanwhile. Django asks `SELECT 1` at each request to
find out, which costs a poll as much as its own work does. A connection that was ended can be told without
asking: its socket has something to read, though nothing was asked.
"""

from __future__ import annotations

import select

from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, but for `is_usable`, and for how dates are written."""

    #: Names of the statements that this connection has ready; see `prepared`.
    prepared: set[bytes]

    def init_connection_state(self) -> None:
        """Begin as Django does, and have dates written in the form that readers of prepared statements know.

        A server tells its style as a connection opens: asking costs nothing, and it seldom has to be set.
        """
        super().init_connection_state()
        self.prepared = set()
        style = self.connection.info.parameter_status("DateStyle") or ""
        if style.startswith("ISO"):
            return
        with self.cursor() as cursor:
            cursor.execute("SET DateStyle = ISO")
        if not self.get_autocommit():
            self.connection.commit()

    def is_usable(self) -> bool:
        """Whether it is open, silent, and in no failed transaction; one lost without a word shows in use."""
        if self.connection is None or self.connection.closed:
            return False
        if self.connection.info.transaction_status == TransactionStatus.INERROR:
            return False
        waiting = select.poll()
        waiting.register(self.connection.fileno(), select.POLLIN)
        return not waiting.poll(0)
