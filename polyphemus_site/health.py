"""Whether this installation is well: a register of questions, each app adding its own.

/readyz and `manage.py doctor` ask them all. An answer says what is wrong and how to mend it, and no secrets.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

logger = logging.getLogger(__name__)


class Level(StrEnum):
    """How bad it is: `warn` keeps the service ready, `fail` doesn't."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of health: what was found, and for anything but ok the way out.

    `quoting` is what may quote data: for whoever works on the host, not for /readyz.
    """

    name: str
    level: Level
    found: str
    remedy: str = ""
    quoting: str = ""

    def as_json(self) -> dict[str, str]:
        """For machines."""
        return {"name": self.name, "level": self.level, "found": self.found, "remedy": self.remedy}

    @property
    def whole(self) -> str:
        """What was found, with what may quote data."""
        return f"{self.found} {self.quoting}".rstrip()

    @classmethod
    def ok(cls, name: str, found: str) -> Finding:
        """All is well."""
        return cls(name, Level.OK, found)

    @classmethod
    def warn(cls, name: str, found: str, remedy: str, *, quoting: str = "") -> Finding:
        """Something to look at; the service is still of use."""
        return cls(name, Level.WARN, found, remedy, quoting)

    @classmethod
    def fail(cls, name: str, found: str, remedy: str) -> Finding:
        """The service can't do its work."""
        return cls(name, Level.FAIL, found, remedy)


#: Given the present instant, the findings of one question; quick, and safe to ask every few seconds.
Probe = Callable[[datetime], Finding | Sequence[Finding]]

_probes: dict[str, Probe] = {}
#: Asked first, and of no use to any other question when it fails.
DATABASE = "database"
_without_database: set[str] = {DATABASE}


def register(name: str, probe: Probe, *, needs_database: bool = True) -> None:
    """Add a question, in an app's `ready()`; the same name again replaces it."""
    _probes[name] = probe
    if not needs_database:
        _without_database.add(name)


def examine(now: datetime) -> list[Finding]:
    """Ask everything; a question that breaks is itself a failure, and the others are still asked.

    Without the database only those are asked that don't need it.
    """
    first = list(_ask(DATABASE, now))
    can_ask = set(_probes) if worst(first) is not Level.FAIL else _without_database
    asked = [name for name in _probes if name in can_ask and name != DATABASE]
    return first + [finding for name in asked for finding in _ask(name, now)]


def worst(findings: Sequence[Finding]) -> Level:
    """The level of the whole."""
    levels = {finding.level for finding in findings}
    return next((level for level in (Level.FAIL, Level.WARN) if level in levels), Level.OK)


def _ask(name: str, now: datetime) -> Iterator[Finding]:
    try:
        answer = _probes[name](now)
    except Exception as error:
        logger.exception("The health question %r broke.", name)
        yield Finding.fail(name, f"This could not be looked at ({type(error).__name__}).", "See the log.")
        return
    yield from [answer] if isinstance(answer, Finding) else answer
