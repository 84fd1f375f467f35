"""Round after round, at the pace the server asks for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from polyphemus_analyst import backoff
from polyphemus_analyst.errors import ExecutorError, UnreachableError
from polyphemus_analyst.journal import Job
from polyphemus_analyst.states import LIVE, JobState
from polyphemus_analyst.working import Analyst

FAILED_EXIT = 3
INTERRUPTED_EXIT = 130
#: How often running jobs are looked at; they are ours and near.
LOOK_S = 1.0
OVER = frozenset(JobState) - LIVE - {JobState.LOST}


@dataclass(frozen=True)
class Rhythm:
    """Seconds between polls, and whether one is enough."""

    poll: float
    once: bool


def run_rounds(work: Analyst, rhythm: Rhythm, *, sleep: Callable[[float], None]) -> int:
    """Work until stopped; with `once` until all that was taken has ended.

    The exit code: 0, or 3 when a request of this run could not be done.
    """
    over_before = {job.name for job in work.journal.all() if job.state in OVER}
    next_poll = time.monotonic()
    try:
        while True:
            work.look_after()
            if time.monotonic() >= next_poll:
                next_poll = time.monotonic() + _poll(work, rhythm)
            if rhythm.once and not work.journal.live():
                return _verdict([job for job in work.journal.all() if job.name not in over_before])
            sleep(min(LOOK_S, rhythm.poll))
    except KeyboardInterrupt:
        for job in work.journal.live():
            work.say(job.name, f"{job.state}; goes on, and is taken up again by the next run")
        return INTERRUPTED_EXIT


def _poll(work: Analyst, rhythm: Rhythm) -> float:
    """Poll; how long until the next."""
    try:
        advice = work.take_up()
    except (UnreachableError, ExecutorError) as error:
        if rhythm.once:
            raise
        work.say("poll", str(error))
        advice = None
    if rhythm.once:
        return float("inf")
    pause = rhythm.poll if advice is None else max(advice, backoff.BASE_S)
    return pause * backoff.spread()


def _verdict(jobs: list[Job]) -> int:
    return FAILED_EXIT if any(job.state in {JobState.RELEASED, JobState.KEPT} for job in jobs) else 0
