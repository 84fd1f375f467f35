"""A loader that never comes back, or that ends the program, costs itself and not the worker."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from traceback import walk_tb
from types import FrameType
from typing import TypeVar

from loaders.errors import LoaderError

T = TypeVar("T")

#: A loader's code that catches its interruption is interrupted again after so many seconds.
AGAIN = 1.0
#: Whose frame raises when a pool ends its worker.
POOL = "billiard"


class TooSlowError(LoaderError):
    """The loader took longer over a page than it may."""

    code = "loader_too_slow"


class EndedError(LoaderError):
    """The loader's code tried to end the program."""

    code = "loader_ended"


class _Interruption(BaseException):
    """What a signal raises in a loader's code: nothing that `except Exception` catches."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TooSlowError in the block once it has run for so long, EndedError when it would end the program.

    The clock works where signals do, in a program's main thread: Celery's workers and the commands. In other
    threads, where pages are answered, only what surely ends may run; the rest has its own process
    (services/apart). It nests: the inner limit ends, the outer goes on.
    """
    try:
        with _clock(seconds):
            yield
    except _Interruption as error:
        raise TooSlowError(f"It took longer than {seconds:g} s.") from error
    except BaseException as error:
        if isinstance(error, Exception) or _is_from_outside(error):
            raise
        raise EndedError(f"It tried to end the program: {type(error).__name__}: {error}") from error


@contextmanager
def _clock(seconds: float) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_signum: int, _frame: FrameType | None) -> None:
        raise _Interruption

    before = signal.signal(signal.SIGALRM, interrupt)
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    started = monotonic()
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(0.001, left - (monotonic() - started)), interval)


def _is_from_outside(error: BaseException) -> bool:
    """Whether it is no loader's doing: Ctrl-C, which workers ignore, or a pool that ends its worker."""
    if isinstance(error, KeyboardInterrupt):
        return signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    # A pool puts a function of its own in the place of `sys.exit`: its frame tells nothing of who called it.
    if frames and frames[-1].f_code is getattr(sys.exit, "__code__", None):
        frames.pop()
    return bool(frames) and str(frames[-1].f_globals.get("__name__")).partition(".")[0] == POOL


@contextmanager
def untimed() -> Iterator[None]:
    """Stop the clock of an enclosing `time_limit`: what Magma takes to answer is not the loader's doing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    left, interval = signal.setitimer(signal.ITIMER_REAL, 0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, left, interval)


def in_time(seconds: float, made: Callable[[], T]) -> T:
    """What `made` gives, if it does in so many seconds; else TooSlowError, in whichever thread.

    Where no signal can interrupt it, it has a thread of its own, which is left behind.
    """
    if threading.current_thread() is threading.main_thread():
        with time_limit(seconds):
            return made()
    found: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            with time_limit(seconds):
                found.append(made())
        except BaseException as error:  # noqa: BLE001 — raised again where it was asked for
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    if not found:
        raise TooSlowError(f"It took longer than {seconds:g} s.")
    return found[0]
