"""Where a job of ours stands. The journal holds it before each side effect: a crash loses nothing."""

from __future__ import annotations

from enum import StrEnum


class JobState(StrEnum):
    """The life of a request on this side."""

    BIDDING = "bidding"  # the bid is about to be sent, or its answer was lost
    WON = "won"  # "go" was received, nothing has been started
    STARTING = "starting"  # about to be started, and perhaps started
    RUNNING = "running"  # started, known by its handle
    ENDED = "ended"  # over; the ticket or the release is owed
    DONE = "done"  # the server has the ticket
    RELEASED = "released"  # the server has the work back
    LOST = "lost"  # somebody else was first
    WITHDRAWN = "withdrawn"  # the request ended, or went to another, while we worked
    KEPT = "kept"  # the server wants neither ticket nor release; the result stays for a person to look at


MOVES: dict[JobState, frozenset[JobState]] = {
    JobState.BIDDING: frozenset({JobState.WON, JobState.LOST}),
    JobState.WON: frozenset({JobState.STARTING, JobState.ENDED, JobState.WITHDRAWN}),
    JobState.STARTING: frozenset({JobState.RUNNING, JobState.ENDED, JobState.WITHDRAWN}),
    JobState.RUNNING: frozenset({JobState.ENDED, JobState.WITHDRAWN}),
    JobState.ENDED: frozenset({JobState.DONE, JobState.RELEASED, JobState.KEPT}),
    JobState.LOST: frozenset({JobState.BIDDING}),
    JobState.DONE: frozenset(),
    JobState.RELEASED: frozenset(),
    JobState.WITHDRAWN: frozenset(),
    JobState.KEPT: frozenset(),
}

#: These occupy a slot.
LIVE = frozenset({JobState.BIDDING, JobState.WON, JobState.STARTING, JobState.RUNNING, JobState.ENDED})
