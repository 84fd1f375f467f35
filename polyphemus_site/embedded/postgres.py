"""PostgreSQL: loopback TCP with a password, so that neither a long path nor a shared socket matters."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path

import psycopg

from polyphemus_site.embedded import proof
from polyphemus_site.embedded.errors import EmbeddedError
from polyphemus_site.embedded.locks import PRIVATE_FILE
from polyphemus_site.embedded.programs import POSTGRES_MAJOR
from polyphemus_site.embedded.servers import HOST, Server

USER = "polyphemus"
DATABASE = "polyphemus"
#: Thrown away at the end, so what a power cut would lose is of no worth; everything else stays as it is.
FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class Postgres(Server):
    """PostgreSQL from the wheel's binaries."""

    name = "postgres"
    kind = "PostgreSQL"
    stop_signal = signal.SIGINT  # "fast": clients are told to go; SIGTERM would wait for them

    @property
    def storage(self) -> Path:
        """The data directory; it exists only whole."""
        return self.place.path / self.name

    def prepare(self) -> None:
        """Make the data under another name first: a killed run leaves no half of it."""
        if self.storage.exists():
            self._look_at_what_is_there()
            return
        draft_path = self.place.path / "postgres.new"
        shutil.rmtree(draft_path, ignore_errors=True)
        draft = self.place.storage(draft_path.name)
        password_file = draft.with_suffix(".password")
        self._write_password(password_file)
        try:
            self.run_tool(self._initdb(draft, password_file))
        finally:
            password_file.unlink(missing_ok=True)
        draft.rename(self.storage)

    def command(self) -> Sequence[str | Path]:
        """Listen on loopback only, no socket file."""
        settings = [
            f"listen_addresses={HOST}",
            f"port={self.port}",
            "unix_socket_directories=",
            "max_connections=200",
        ]
        settings += ["timezone=UTC", "log_timezone=UTC", *(FORGETFUL if self.place.fresh else ())]
        options = [word for setting in settings for word in ("-c", setting)]
        return [self.programs.postgres, "-D", self.storage, *options]

    def answers(self) -> bool:
        """Our password opens it and our database is there; the first time it is made."""
        try:
            with psycopg.connect(self._address("postgres"), connect_timeout=2, autocommit=True) as connection:
                found = connection.execute(
                    "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
                ).fetchone()
                if found is None:
                    connection.execute(f"CREATE DATABASE {DATABASE}")
        except psycopg.OperationalError:
            return False
        return True

    @property
    def url(self) -> str:
        """As DATABASE_URL wants it."""
        return self._address(DATABASE)

    def _address(self, database: str) -> str:
        return f"postgresql://{USER}:{self.password}@{HOST}:{self.port}/{database}"

    def _initdb(self, folder: Path, password_file: Path) -> list[str | Path]:
        command: list[str | Path] = [
            self.programs.initdb,
            "-D",
            folder,
            "-U",
            USER,
            "--pwfile",
            password_file,
        ]
        command += [
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--locale=C.UTF-8",
        ]
        return [*command, "--no-sync"] if self.place.fresh else command

    def _write_password(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(self.password)
        self.place.account.give(path)

    def _look_at_what_is_there(self) -> None:
        major = (self.storage / "PG_VERSION").read_text(encoding="utf-8").strip()
        if major != POSTGRES_MAJOR:
            raise EmbeddedError(
                f"The data in {self.storage} is PostgreSQL {major}'s and ours is {POSTGRES_MAJOR}; "
                "dump it with the old version, or remove it to start anew."
            )
        self._drop_stale_pid_file()

    def _drop_stale_pid_file(self) -> None:
        """A pid file may name a live stranger after a restart of the machine; PostgreSQL would stay away."""
        pid_file = self.storage / "postmaster.pid"
        if not pid_file.exists():
            return
        first = pid_file.read_text(encoding="utf-8", errors="replace").partition("\n")[0].strip()
        if first.isdigit() and proof.works_in(int(first), self.storage):
            raise EmbeddedError(
                f"PostgreSQL (pid {first}) already runs on {self.storage} and was not started from here; "
                "stop it first, or use another --data."
            )
        pid_file.unlink()
