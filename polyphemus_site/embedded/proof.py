"""Proof that a process is the very one we started: a pid alone proves nothing, pids are used again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from polyphemus_site.embedded.locks import PRIVATE_FILE

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
#: Field 22 of /proc/PID/stat, counted after the command's closing parenthesis.
START_TICKS = 19


@dataclass(frozen=True)
class Identity:
    """A process by its pid and the moment of its birth, which no later process shares."""

    name: str
    pid: int
    born: str

    def alive(self) -> bool:
        """Whether this very process still runs."""
        return birth(self.pid) == self.born

    def signal(self, signum: int) -> bool:
        """Signal this very process; False when it is gone, whoever has its pid now."""
        if not hasattr(os, "pidfd_open"):
            return self.alive() and _kill(self.pid, signum)
        try:
            # The descriptor stays with one process: once the birth agrees, a reused pid can't slip in.
            fd = os.pidfd_open(self.pid)
        except OSError:
            return False
        try:
            if not self.alive():
                return False
            signal.pidfd_send_signal(fd, signum)
        except ProcessLookupError:
            return False
        finally:
            os.close(fd)
        return True


def _kill(pid: int, signum: int) -> bool:
    try:
        os.kill(pid, signum)
    except ProcessLookupError:
        return False
    return True


def birth(pid: int) -> str | None:
    """When the process was born, unique with its pid; None when there is no such process."""
    if not BOOT_ID.exists():
        return _birth_by_ps(pid)
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    state, *fields = stat.rpartition(")")[2].split()
    if state == "Z":
        return None  # dead, only not yet buried
    return f"{BOOT_ID.read_text(encoding='utf-8').strip()}/{fields[START_TICKS - 1]}"


def _birth_by_ps(pid: int) -> str | None:
    """The same on systems without /proc, to the second."""
    answer = subprocess.run(  # noqa: S603 — a fixed program and a number
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() or None


def works_in(pid: int, folder: Path) -> bool:
    """Whether a live process of the folder's owner has it as its working directory, as PostgreSQL does."""
    if birth(pid) is None:
        return False
    try:
        if Path(f"/proc/{pid}").stat().st_uid != folder.stat().st_uid:
            return False
        return Path(f"/proc/{pid}/cwd").resolve(strict=True) == folder.resolve()
    except OSError:
        return True  # it can't be seen: better to refuse than to guess


def record(path: Path, identities: list[Identity]) -> None:
    """Write down which processes are ours, whole or not at all."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        json.dump([asdict(identity) for identity in identities], file)
    draft.replace(path)


def recorded(path: Path) -> list[Identity]:
    """The processes an earlier run wrote down; none when it wrote nothing that can be read."""
    try:
        return [Identity(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return []
