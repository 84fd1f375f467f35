"""A lock that a fork can't leave locked for ever."""

from __future__ import annotations

import os
from threading import Lock


class ForkedLock:
    """`lock` is a new one in a forked child, where nobody is left to release the old one."""

    def __init__(self) -> None:
        self.lock = Lock()
        os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self.lock = Lock()
