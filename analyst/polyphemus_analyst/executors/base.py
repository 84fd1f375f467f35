"""What an executor must be able to do."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Protocol

from polyphemus_analyst.journal import Job
from polyphemus_analyst.workplaces import Workplace


@dataclass(frozen=True)
class Look:
    """What was seen of a job: still running, or over with its exit code (None: killed, nobody knows)."""

    running: bool
    exit_code: int | None = None
    note: str = ""


SECRETS = ("POLYPHEMUS_SECRET", "POLYPHEMUS_SECRET_FILE")
RUNNING = Look(running=True)


def environment() -> dict[str, str]:
    """Ours, for the commands we start, less what they must not know."""
    return {name: value for name, value in os.environ.items() if name not in SECRETS}


def vanished(note: str) -> Look:
    """Over without having said how."""
    return Look(running=False, note=note)


class Executor(Protocol):
    """A place where jobs run. A job's name is unique for ever and makes starting repeatable."""

    def refuse_unless_ready(self) -> None:
        """ExecutorError when nothing could be started now: then nothing is bid for."""

    def find(self, job: Job, place: Workplace) -> str | None:
        """The handle of this job if an earlier life of ours started it."""

    def start(self, job: Job, place: Workplace) -> str:
        """Start it; its handle."""

    def prevent(self, job: Job, place: Workplace) -> bool:
        """After a start that failed or was not answered: see to it that it can't begin any more.

        False while it may have begun, or may yet.
        """

    def look(self, handle: str, place: Workplace) -> Look:
        """How it goes."""

    def stop(self, handle: str, place: Workplace) -> None:
        """Stop it; it may be over already."""

    def lengthen(self, handle: str, place: Workplace, seconds: int) -> None:
        """Give it that much more time, where the place limits it."""
