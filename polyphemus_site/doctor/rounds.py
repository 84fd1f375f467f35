"""The whole examination, in order: what others stand on comes first."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime

from polyphemus_site import health
from polyphemus_site.doctor import background, clocks, database, janus, mail, settings, storage, warehouse
from polyphemus_site.health import Finding, Level, Probe

logger = logging.getLogger(__name__)

#: These need a database that answers.
AFTER_DATABASE: tuple[tuple[str, Probe], ...] = (
    ("database", lambda now: list(database.examine(now))),
    ("clocks", lambda now: list(clocks.examine(now))),
)
AFTER_BROKER: tuple[tuple[str, Probe], ...] = (("workers", background.workers),)
ANYWAY: tuple[tuple[str, Probe], ...] = (
    ("settings", lambda now: list(settings.examine(now))),
    ("magma", lambda now: list(warehouse.examine(now))),
    ("janus", lambda now: list(janus.examine(now))),
    ("mail", mail.examine),
    ("storage", lambda now: list(storage.examine(now))),
)


def examine(now: datetime) -> list[Finding]:
    """Every finding; nothing is asked that can only fail for a reason already named."""
    known = health.examine(now)
    failed = {finding.name for finding in known if finding.level is Level.FAIL}
    further = [
        *(AFTER_DATABASE if health.DATABASE not in failed else ()),
        *(AFTER_BROKER if "broker" not in failed else ()),
        *ANYWAY,
    ]
    names = {finding.name for finding in known}
    found = [finding for name, probe in further for finding in _ask(name, probe, now)]
    return known + [finding for finding in found if finding.name not in names]


def _ask(name: str, probe: Probe, now: datetime) -> Iterator[Finding]:
    try:
        answer = probe(now)
    except Exception as error:
        logger.exception("The examination %r broke.", name)
        yield Finding.fail(name, f"This could not be examined ({type(error).__name__}).", "See the log.")
        return
    yield from as_findings(answer)


def as_findings(answer: Finding | Iterable[Finding]) -> Iterable[Finding]:
    """One or several, as several."""
    return [answer] if isinstance(answer, Finding) else answer
