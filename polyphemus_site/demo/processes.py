"""The demo's processes: each started once, logged to its own file, stopped together."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

PR_SET_PDEATHSIG = 1
STOP_SECONDS = 8.0
RUN_SECONDS = 60.0
TAIL_LINES = 15


class ProcessDiedError(RuntimeError):
    """A process of the demo ended before it should; the message carries the end of its log."""


def die_with_parent() -> None:
    """Ask the kernel to stop this child when the demo is killed outright (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def free_port(preferred: int = 0) -> int:
    """The preferred port of the loopback interface if nobody listens there, else any free one."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", preferred))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def kept_port(preferred: int = 0) -> socket.socket:
    """A free port, held until the socket is closed; who shares ports (`SO_REUSEPORT`) can still listen there.

    Granian does: of two demos that begin at once, the second would be let in on the first one's port.
    """
    port, holder = free_port(preferred), socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    holder.bind(("127.0.0.1", port))
    return holder


@dataclass
class Process:
    """One running program of the demo."""

    name: str
    log: Path
    popen: subprocess.Popen[bytes]
    #: Whether it should be there until the demo stops it; the others may end well on their own.
    lasting: bool = True

    def tail(self) -> str:
        """The last lines it wrote."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-TAIL_LINES:])

    def require_alive(self) -> None:
        """Raise if it has ended, unless it was to end and ended well."""
        code = self.popen.poll()
        if code or (code == 0 and self.lasting):
            raise ProcessDiedError(f"{self.name} ended with code {code}. Its log ends:\n{self.tail()}")

    def wait(self, *, seconds: float) -> int:
        """Its exit code, when it ends within `seconds`."""
        return self.popen.wait(timeout=seconds)


@dataclass
class Stage:
    """Everything the demo has started; leaving it stops what is left, in the opposite order."""

    logs: Path
    environment: Mapping[str, str]
    processes: list[Process] = field(default_factory=list)
    _open: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        """Make room for the logs."""
        self.logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop what is still running."""
        self.stop()
        self._open.close()

    def keep_port(self, preferred: int) -> int:
        """The preferred port or a free one, for a server of ours that starts later; ours until the end."""
        holder = self._open.enter_context(kept_port(preferred))
        return int(holder.getsockname()[1])

    def start(self, name: str, command: Sequence[str], *, lasting: bool = True, **extra: str) -> Process:
        """Start `command` with the demo's environment and `extra`; its output goes to NAME.log."""
        log = self.logs / f"{name}.log"
        out = self._open.enter_context(log.open("wb"))
        popen = subprocess.Popen(  # noqa: S603 — the demo's own programs, no shell
            command,
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **self.environment, **extra},
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 — started before this process has any thread
        )
        process = Process(name, log, popen, lasting)
        self.processes.append(process)
        return process

    def run(self, name: str, command: Sequence[str], **extra: str) -> str:
        """Run `command` to its end and return what it printed; raise if it failed."""
        process = self.start(name, command, lasting=False, **extra)
        process.wait(seconds=RUN_SECONDS)
        process.require_alive()
        self.processes.remove(process)
        return process.log.read_text(encoding="utf-8")

    def require_alive(self) -> None:
        """Raise if any process that should be running has ended."""
        for process in self.processes:
            process.require_alive()

    def stop(self) -> None:
        """End every process: politely first, then not."""
        for process in reversed(self.processes):
            if process.popen.poll() is None:
                process.popen.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in reversed(self.processes):
            _end(process, seconds=max(0.1, deadline - time.monotonic()))
        self.processes.clear()


def _end(process: Process, *, seconds: float) -> None:
    try:
        process.popen.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.popen.pid, signal.SIGKILL)
        process.popen.wait()
