"""What we are doing, in one SQLite file, written before each side effect and never after it."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from polyphemus_analyst.documents import Request
from polyphemus_analyst.errors import AnalystError, JournalError
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
#: Live jobs are looked for every second, among all there ever were.
INDEX = "CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state)"


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


class Done(NamedTuple):
    """What a statement found, and how many rows it changed."""

    rows: list[sqlite3.Row]
    changed: int


class Journal:
    """The file. One at a time may work with it."""

    def __init__(self, home: Path) -> None:
        """Open it, and make it when it is new; it is ours alone to read."""
        self.home = home
        self.path = home / "journal.sqlite"
        with self._in_words():
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.connection = sqlite3.connect(self.path, isolation_level=None)
            self.connection.row_factory = sqlite3.Row
            # A power cut must not undo what was written before a bid.
            self.connection.execute("PRAGMA synchronous = FULL")
            self.connection.execute(SCHEMA)
            self.connection.execute(INDEX)

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the only right to work; cron must not start a second run beside a first."""
        with self._in_words():
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
        written = self._execute(
            "INSERT INTO jobs (name, analysis, state, config, estimate, key) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (name) DO UPDATE SET state = excluded.state, key = excluded.key, "
            "estimate = excluded.estimate, config = excluded.config, note = '' WHERE jobs.state = 'lost'",
            [request.name, request.analysis, JobState.BIDDING, json.dumps(request.config), estimate, key],
        )
        return self.job(request.name) if written.changed == 1 else None

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
        rows = self._execute("SELECT * FROM jobs WHERE name = ?", [name]).rows
        if not rows:
            raise AnalystError(f"The journal knows no {name}.")
        return _job(rows[0])

    def live(self) -> list[Job]:
        """The jobs that occupy a slot, oldest first."""
        states = sorted(LIVE)
        places = ", ".join("?" * len(states))
        statement = f"SELECT * FROM jobs WHERE state IN ({places}) ORDER BY rowid"  # noqa: S608 — question marks
        return [_job(row) for row in self._execute(statement, states).rows]

    def all(self) -> list[Job]:
        """Every job there ever was."""
        return [_job(row) for row in self._execute("SELECT * FROM jobs ORDER BY rowid").rows]

    def _update(self, job: Job, changes: Mapping[str, Any]) -> Job:
        stored = {name: _stored(value) for name, value in changes.items()}
        columns = ", ".join(f"{name} = ?" for name in stored)
        statement = f"UPDATE jobs SET {columns} WHERE name = ? AND state = ?"  # noqa: S608 — our own column names
        written = self._execute(statement, [*stored.values(), job.name, job.state])
        if written.changed != 1:
            raise AnalystError(f"{job.name} was changed by somebody else.")
        return self.job(job.name)

    def _execute(self, statement: str, values: Sequence[Any] = ()) -> Done:
        with self._in_words():
            cursor = self.connection.execute(statement, values)
            return Done(cursor.fetchall(), cursor.rowcount)

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """Without a journal nothing is begun: what is wrong with it is for a person to mend."""
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise JournalError(
                f"The journal {self.path} can't be used: {reason}. Jobs that were started go on; mended, the "
                "journal takes them up again. If it can't be, move it away, and end its requests by hand."
            ) from error


def _stored(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _job(row: sqlite3.Row) -> Job:
    values = dict(row)
    instants = {name: _instant(values[name]) for name in ("started_at", "due_at", "asked_for")}
    read = {"state": JobState(values["state"]), "config": json.loads(values["config"])}
    return Job(**(values | instants | read))


def _instant(stored: str | None) -> datetime | None:
    return datetime.fromisoformat(stored) if stored else None
