"""Waiting for a condition instead of for time."""

from __future__ import annotations

import time
from collections.abc import Callable

DEADLINE_S = 90.0


def eventually(condition: Callable[[], object], what: str) -> None:
    """Wait for a condition, and fail by name when it never comes."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.01)
