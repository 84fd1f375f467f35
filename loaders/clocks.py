"""Scans are long: they take a clock where other services take an instant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

#: Asked at each page; tasks and commands pass the database's, tests one they can set.
Clock = Callable[[], datetime]
