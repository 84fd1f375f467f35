"""Jobs on this machine. They outlive us, and are known again by the lock they hold."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
from pathlib import Path

from polyphemus_analyst.errors import ExecutorError
from polyphemus_analyst.executors.base import RUNNING, Look, vanished
from polyphemus_analyst.journal import Job
from polyphemus_analyst.workplaces import Workplace

SECRETS = ("POLYPHEMUS_SECRET", "POLYPHEMUS_SECRET_FILE")


class Local:
    """Each job is a shell in a session of its own, holding a lock in its folder until it ends."""

    def __init__(self) -> None:
        """Children are kept to be buried."""
        self.children: dict[str, subprocess.Popen[bytes]] = {}

    def find(self, job: Job, place: Workplace) -> str | None:  # noqa: ARG002 — its folder tells
        """Its folder, once it was started there; whether it still runs is for `look` to say."""
        return str(place.folder) if place.started() or _locked(place) else None

    def start(self, job: Job, place: Workplace) -> str:
        """Take the job's lock and hand it on, so that it is held from before the start until the end."""
        fd = _open_lock(place)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.children[job.name] = subprocess.Popen(  # noqa: S603 — the analyst's own command
                ["/bin/sh", str(place.script)],
                cwd=place.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={name: value for name, value in os.environ.items() if name not in SECRETS},
                pass_fds=(fd,),
                start_new_session=True,
            )
        except OSError as error:
            raise ExecutorError(f"The command could not be started: {error}.") from error
        finally:
            os.close(fd)
        return str(place.folder)

    def look(self, handle: str, place: Workplace) -> Look:  # noqa: ARG002 — its folder tells
        """The lock says whether it runs, the exit file how it ended."""
        self._bury()
        running = _locked(place)
        code = place.exit_code()
        if code is not None:
            return Look(running=False, exit_code=code)
        return RUNNING if running else vanished("The command was killed before it ended.")

    def stop(self, handle: str, place: Workplace) -> None:  # noqa: ARG002 — its folder tells
        """End its whole session; the lock proves that the pid it wrote is still its own."""
        pid_file = Path(place.folder / "pid")
        if _locked(place) and pid_file.exists():
            try:
                os.killpg(int(pid_file.read_text(encoding="ascii")), signal.SIGTERM)
            except ProcessLookupError:
                return
        self._bury()

    def lengthen(self, handle: str, place: Workplace, seconds: int) -> None:
        """Nothing limits it here."""

    def _bury(self) -> None:
        for name in [name for name, child in self.children.items() if child.poll() is not None]:
            del self.children[name]


def _open_lock(place: Workplace) -> int:
    return os.open(place.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _locked(place: Workplace) -> bool:
    """Whether a job holds its lock."""
    fd = _open_lock(place)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False
