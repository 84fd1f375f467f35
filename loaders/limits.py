"""A loader that never comes back costs its time limit, not the worker."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType

from loaders.errors import LoaderError


class TooSlowError(LoaderError):
    """The loader took longer over a page than it may."""

    code = "loader_too_slow"


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TooSlowError in the block once it has run for so long.

    Works where signals do, in a program's main thread: Celery's workers and the commands. In other threads,
    where pages are answered, only what surely ends may run; the rest has its own process (services/apart).
    It nests: the inner limit ends, the outer goes on.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_signum: int, _frame: FrameType | None) -> None:
        raise TooSlowError(f"It took longer than {seconds:g} s over one page.")

    before = signal.signal(signal.SIGALRM, interrupt)
    left, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    started = monotonic()
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(0.001, left - (monotonic() - started)))


@contextmanager
def untimed() -> Iterator[None]:
    """Stop the clock of an enclosing `time_limit`: what Magma takes to answer is not the loader's doing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, left)
