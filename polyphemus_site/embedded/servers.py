"""What the supervisor needs to know of a server, whichever it is."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from polyphemus_site.embedded import proof
from polyphemus_site.embedded.children import in_background, spawn, stop
from polyphemus_site.embedded.errors import EmbeddedError, InterruptedStartError
from polyphemus_site.embedded.locks import PRIVATE_FILE
from polyphemus_site.embedded.places import Place
from polyphemus_site.embedded.programs import Programs
from polyphemus_site.embedded.signals import Signals

HOST = "127.0.0.1"
PORTS_TRIED = 5
PAUSE_S = 0.02
ADDRESS_TAKEN = "ddress already in use"


class Server(ABC):
    """One server of a place.

    Subclass implementation: `name`, `kind`, `stop_signal`, `prepare`, `command`, `stdin`, `answers`, `url`.
    """

    #: Of its folder and log.
    name: str
    #: As people call it.
    kind: str
    stop_signal: signal.Signals

    def __init__(self, place: Place, programs: Programs, password: str, signals: Signals) -> None:
        """Nothing starts yet."""
        self.place = place
        self.programs = programs
        self.password = password
        self.signals = signals
        self.port = 0
        self.child: subprocess.Popen[bytes] | None = None
        self._log_size_before = 0

    @abstractmethod
    def prepare(self) -> None:
        """Make the data when there is none yet."""

    @abstractmethod
    def command(self) -> Sequence[str | Path]:
        """The command line; no secret stands in it, everyone may read it."""

    def stdin(self) -> bytes:
        """What the server reads at its start; secrets may stand in it."""
        return b""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it takes our password and works."""

    @property
    @abstractmethod
    def url(self) -> str:
        """Its address for the command's environment."""

    @property
    def log(self) -> Path:
        """Where its words go; private, they may quote a query."""
        return self.place.path / f"{self.name}.log"

    @property
    def storage(self) -> Path:
        """Its data."""
        return self.place.storage(self.name)

    def start(self) -> None:
        """Start it on a free port and wait until it answers."""
        self.prepare()
        for _ in range(PORTS_TRIED):
            self.port = free_port()
            self._launch()
            if self._comes_up():
                return
            if ADDRESS_TAKEN not in self._words_since_launch():
                break
        raise EmbeddedError(f"{self.kind} did not start: {self.last_words()} (log: {self.log})")

    def stop(self) -> None:
        """Stop it when it runs."""
        if self.child is not None:
            stop(self.child, self.stop_signal)
            self.child = None

    def identity(self) -> proof.Identity | None:
        """What proves the running server to be ours, should we be killed."""
        if self.child is None or (born := proof.birth(self.child.pid)) is None:
            return None
        return proof.Identity(name=self.name, pid=self.child.pid, born=born)

    def run_tool(self, command: Sequence[str | Path]) -> None:
        """Run a program of the server's to its end, as the server's user."""
        self._spawn(command, b"")
        while self.child is not None and self.child.poll() is None:
            self._pause()
        if self.child is not None and self.child.returncode != 0:
            raise EmbeddedError(f"{self.kind} could not be prepared: {self.last_words()} (log: {self.log})")
        self.child = None

    def last_words(self) -> str:
        """The last complaint in the log, for a person to read."""
        lines = [line.strip() for line in self._words_since_launch().splitlines() if line.strip()]
        complaints = [line for line in lines if "FATAL" in line or "rror" in line or "in use" in line]
        return (complaints or lines or ["it said nothing"])[-1]

    def _words_since_launch(self) -> str:
        with self.log.open("rb") as log:
            log.seek(self._log_size_before)
            return log.read().decode(errors="replace")

    def _launch(self) -> None:
        self._spawn(self.command(), self.stdin())
        identities = [identity for identity in (self.identity(),) if identity is not None]
        known = [one for one in proof.recorded(self.place.record) if one.name != self.name]
        proof.record(self.place.record, known + identities)

    def _comes_up(self) -> bool:
        while self.child is not None and self.child.poll() is None:
            if self.answers():
                return True
            self._pause()
        return False

    def _spawn(self, command: Sequence[str | Path], stdin: bytes) -> None:
        with _append(self.log) as log:
            self._log_size_before = log.tell()
            options = in_background(log, self.place.servers_lock.fd, self.place.path)
            options |= self.place.account.spawning() | {"stdin": subprocess.PIPE}
            try:
                self.child = spawn(command, signals=self.signals, dying_signal=self.stop_signal, **options)
            except (OSError, subprocess.SubprocessError) as error:
                raise EmbeddedError(
                    f"{self.kind} can't be run as {self.place.account.name}: {error}; "
                    "set DATABASE_URL and REDIS_URL to use servers of your own."
                ) from error
        pipe = self.child.stdin
        if pipe is not None:
            pipe.write(stdin)
            pipe.close()

    def _pause(self) -> None:
        asked = self.signals.wait(PAUSE_S)
        if asked is not None:
            raise InterruptedStartError(asked[0])


def free_port() -> int:
    """A port nobody listens on at this moment; who loses the race tries another."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _append(path: Path) -> IO[bytes]:
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    return os.fdopen(os.open(path, flags, PRIVATE_FILE), "ab")
