"""Starting children that die with us, and stopping those we started."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO, Any

from polyphemus_site.embedded.signals import Signals

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
#: A last checkpoint can take a while on a slow disk.
PATIENCE_S = 60.0
ON_LINUX = sys.platform == "linux"


def _prctl(option: int, argument: int) -> None:
    if ON_LINUX:
        ctypes.CDLL(None).prctl(option, argument)


def adopt_the_orphaned() -> None:
    """Children that our command leaves behind become ours, so that they can be stopped too."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def before_exec(signals: Signals, dying_signal: int) -> Callable[[], None]:
    """What a child does between fork and exec, after it has changed its user (which clears the signal)."""
    parent = os.getpid()

    def prepare() -> None:
        signals.unblock()
        _prctl(PR_SET_PDEATHSIG, dying_signal)
        if os.getppid() != parent:
            os._exit(1)  # the parent died before it could be watched

    return prepare


def spawn(
    command: Sequence[str | Path], *, signals: Signals, dying_signal: int, **options: Any
) -> subprocess.Popen[bytes]:
    """Start a child that gets `dying_signal` should we die without stopping it."""
    return subprocess.Popen(  # noqa: S603 — our own programs, and the command we were asked to run
        [str(word) for word in command],
        preexec_fn=before_exec(signals, dying_signal),  # noqa: PLW1509 — we have one thread
        **options,
    )


def in_background(log: IO[bytes], fd: int, cwd: Path, **options: Any) -> dict[str, Any]:
    """Options of a server: away from the terminal, its words in the log, holding the servers' lock."""
    environment = {"PATH": os.defpath, "LANG": "C", "TZ": "UTC"}
    return {
        "stdin": subprocess.DEVNULL,
        "stdout": log,
        "stderr": log,
        "cwd": cwd,
        "env": environment,
        "pass_fds": (fd,),
        "start_new_session": True,
    } | options


def stop(child: subprocess.Popen[bytes], signum: int, *, patience: float = PATIENCE_S) -> None:
    """Stop a child of ours: politely, then not. Its pid can't be another's while we have not buried it."""
    if child.poll() is None:
        child.send_signal(signum)
    try:
        child.wait(patience)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def adopted(known: Iterable[int]) -> set[int]:
    """Pids of our children that we did not start ourselves."""
    path = Path(f"/proc/self/task/{os.getpid()}/children")
    if not path.exists():
        return set()
    return {int(pid) for pid in path.read_text(encoding="utf-8").split()} - set(known)


def bury(pids: Iterable[int]) -> set[int]:
    """Collect those that are dead; the living remain."""
    return {pid for pid in pids if os.waitpid(pid, os.WNOHANG)[0] == 0}


def stop_adopted(known: Sequence[int], *, patience: float = 5.0) -> None:
    """Stop what the command left running; each is our child, so each pid is surely its own."""
    deadline = time.monotonic() + patience
    told: set[int] = set()
    while living := bury(adopted(known)):
        late = time.monotonic() > deadline
        for pid in living if late else living - told:
            os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
        told |= living
        time.sleep(0.02)
