"""Signals read at chosen moments instead of interrupting anything, with where they came from."""

from __future__ import annotations

import signal
import time
from types import TracebackType

STOPPING = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
#: `si_code` of a signal the terminal sent: the command, in our process group, has had it too.
FROM_THE_KERNEL = 0x80


class Signals:
    """Blocks the signals that matter to us; the mask is given back at the end."""

    def __init__(self) -> None:
        """Nothing is blocked before `with`."""
        self.waking = STOPPING | {signal.SIGCHLD}
        self.mask_before: set[int] = set()

    def __enter__(self) -> Signals:
        """Block; what arrives waits until it is asked for."""
        self.mask_before = {int(one) for one in signal.pthread_sigmask(signal.SIG_BLOCK, self.waking)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Forget what nobody asked for and give the mask back."""
        while self.wait(0) is not None:
            pass
        signal.pthread_sigmask(signal.SIG_SETMASK, self.mask_before)

    def unblock(self) -> None:
        """For a child between fork and exec: it starts with the mask we were given."""
        signal.pthread_sigmask(signal.SIG_SETMASK, self.mask_before)

    def wait(self, seconds: float) -> tuple[int, bool] | None:
        """Up to that long for a signal that asks to stop: its number and whether a terminal sent it."""
        deadline = time.monotonic() + seconds
        while True:
            caught = signal.sigtimedwait(self.waking, max(0.0, deadline - time.monotonic()))
            if caught is None:
                return None
            if caught.si_signo in STOPPING:
                return caught.si_signo, caught.si_code == FROM_THE_KERNEL
            if seconds:
                return None  # a child changed; the caller looks at its children
