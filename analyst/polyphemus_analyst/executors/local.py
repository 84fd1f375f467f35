"""Jobs on this machine. They outlive us, and are known again by the lock they hold."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess

from polyphemus_analyst.errors import ExecutorError
from polyphemus_analyst.executors.base import RUNNING, Look, environment, vanished
from polyphemus_analyst.journal import Job
from polyphemus_analyst.workplaces import Workplace

#: The launching shell ends at once: the job needs no parent that outlives it, and its group has a name.
LAUNCH = 'echo $$ > group.new && mv group.new group; /bin/sh "$0" &'


class Local:
    """Each job is a shell in a session of its own, holding a lock in its folder until it ends."""

    def refuse_unless_ready(self) -> None:
        """This machine always is."""

    def find(self, job: Job, place: Workplace) -> str | None:  # noqa: ARG002 — its folder tells
        """Its folder, once it was started there; whether it still runs is for `look` to say."""
        return str(place.folder) if place.started() or _locked(place) else None

    def start(self, job: Job, place: Workplace) -> str:  # noqa: ARG002 — its folder tells
        """Take the job's lock and hand it on, so that it is held from before the start until the end."""
        fd = _open_lock(place)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            subprocess.run(  # noqa: S603 — the analyst's own command
                ["/bin/sh", "-c", LAUNCH, str(place.script)],
                cwd=place.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment(),
                pass_fds=(fd,),
                start_new_session=True,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise ExecutorError(f"The command could not be started: {error}.") from error
        finally:
            os.close(fd)
        return str(place.folder)

    def prevent(self, job: Job, place: Workplace) -> bool:  # noqa: ARG002 — its folder tells
        """Its script finds the start taken, however late it comes to it."""
        return place.claim()

    def look(self, handle: str, place: Workplace) -> Look:  # noqa: ARG002 — its folder tells
        """The lock says whether it runs, the exit file how it ended."""
        running = _locked(place)
        code = place.exit_code()
        if code is not None:
            return Look(running=False, exit_code=code)
        return RUNNING if running else vanished("The command was killed before it ended.")

    def stop(self, handle: str, place: Workplace) -> None:  # noqa: ARG002 — its folder tells
        """End its whole group; the lock proves that the group it wrote is still its own."""
        group = place.folder / "group"
        if _locked(place) and group.exists():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(int(group.read_text(encoding="ascii")), signal.SIGTERM)

    def lengthen(self, handle: str, place: Workplace, seconds: int) -> None:
        """Nothing limits it here."""


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
