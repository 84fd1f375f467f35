"""What the lives of a working analyst have in common."""

from __future__ import annotations

from pathlib import Path

from polyphemus_analyst.journal import Journal
from polyphemus_analyst.working import Analyst
from tests.analyst.waiting import eventually

#: The request that is worked on.
NAME = "dt_lung_tumor_pair"
#: A job that goes on until a file `go` lies in its folder.
WAIT_FOR_GO = "while [ ! -e go ]; do sleep 0.02; done"


def finish(work: Analyst) -> None:
    """Look after every job until none is left."""
    eventually(lambda: not work.look_after(), "every job is over")


def folder(journal: Journal) -> Path:
    """Where the job of the request works."""
    return journal.home / "jobs" / NAME
