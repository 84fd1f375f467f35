"""What we are doing, in one SQLite file, written before each side effect and never after it."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from polyphemus_analyst.documents import Request
from polyphemus_analyst.errors import AnalystError
from polyphemus_analyst.states import LIVE, MOVES, JobState

SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    name TEXT PRIMARY KEY,
    analysis TEXT NOT NULL,
    state TEXT NOT NULL,
    config TEXT NOT NULL,
    estimate INTEGER NOT NULL,
    key TEXT NOT NULL,
    handle TEXT NOT NULL DEFAULT '',
    award INTEGER NOT NULL DEFAULT 0,
    exit_code INTEGER,
    started_at TEXT,
    due_at TEXT,
    asked_for TEXT,
    note TEXT NOT NULL DEFAULT ''
) STRICT
"""


@dataclass(frozen=True)
class Job:
    """One request of ours.

    `key` makes repeated calls recognisable; `asked_for` is the due date last asked to move.
    """

    name: str
    analysis: str
    state: JobState
    config: dict[str, Any]
    estimate: int
    key: str
    handle: str
    award: int
    exit_code: int | None
    started_at: datetime | None
    due_at: datetime | None
    asked_for: datetime | None
    note: str


class Journal:
    """The file. One at a time may work with it."""

    def __init__(self, home: Path) -> None:
        """Open it, and make it when it is new; it is ours alone to read."""
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.home = home
        self.connection = sqlite3.connect(home / "journal.sqlite", isolation_level=None)
        self.connection.row_factory = sqlite3.Row
        # A power cut must not undo what was written before a bid.
        self.connection.execute("PRAGMA synchronous = FULL")
        self.connection.execute(SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the only right to work; cron must not start a second run beside a first."""
        fd = os.open(self.home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise AnalystError(f"Another run is at work with {self.home}.") from None
        finally:
            os.close(fd)

    def begin(self, request: Request, *, estimate: int) -> Job | None:
        """Write down that we are about to bid; None for a request we have had, unless we only lost it."""
        key = uuid.uuid4().hex
        written = self.connection.execute(
            "INSERT INTO jobs (name, analysis, state, config, estimate, key) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (name) DO UPDATE SET state = excluded.state, key = excluded.key, "
            "estimate = excluded.estimate, config = excluded.config, note = '' WHERE jobs.state = 'lost'",
            [request.name, request.analysis, JobState.BIDDING, json.dumps(request.config), estimate, key],
        )
        return self.job(request.name) if written.rowcount == 1 else None

    def move(self, job: Job, to: JobState, **changes: Any) -> Job:
        """Change a job's state and what goes with it, if it still is where we saw it."""
        if to not in MOVES[job.state]:
            raise AnalystError(f"{job.name} can't become {to} from {job.state}.")
        return self._update(job, {"state": to} | changes)

    def note(self, job: Job, **changes: Any) -> Job:
        """Write down something about a job that stays where it is."""
        return self._update(job, changes)

    def job(self, name: str) -> Job:
        """One job by its request's name."""
        row = self.connection.execute("SELECT * FROM jobs WHERE name = ?", [name]).fetchone()
        if row is None:
            raise AnalystError(f"The journal knows no {name}.")
        return _job(row)

    def live(self) -> list[Job]:
        """The jobs that occupy a slot, oldest first."""
        return [job for job in self.all() if job.state in LIVE]

    def all(self) -> list[Job]:
        """Every job there ever was."""
        return [_job(row) for row in self.connection.execute("SELECT * FROM jobs ORDER BY rowid")]

    def _update(self, job: Job, changes: Mapping[str, Any]) -> Job:
        stored = {name: _stored(value) for name, value in changes.items()}
        columns = ", ".join(f"{name} = ?" for name in stored)
        statement = f"UPDATE jobs SET {columns} WHERE name = ? AND state = ?"  # noqa: S608 — our own column names
        written = self.connection.execute(statement, [*stored.values(), job.name, job.state])
        if written.rowcount != 1:
            raise AnalystError(f"{job.name} was changed by somebody else.")
        return self.job(job.name)


def _stored(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _job(row: sqlite3.Row) -> Job:
    values = dict(row)
    instants = {name: _instant(values[name]) for name in ("started_at", "due_at", "asked_for")}
    read = {"state": JobState(values["state"]), "config": json.loads(values["config"])}
    return Job(**(values | instants | read))


def _instant(stored: str | None) -> datetime | None:
    return datetime.fromisoformat(stored) if stored else None
