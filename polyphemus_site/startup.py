"""Starting without a server one can't do without ends in one sentence, not in a trace or in silence.

Asked once when a web process, a worker or beat starts, and by manage.py when a command has failed. Afterwards
a server that goes away is waited for.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import NoReturn

from django.conf import settings

from polyphemus_site.health import Finding, Level
from polyphemus_site.probes import servers

EXIT_CODE = 1


def unreachable() -> list[str]:
    """One sentence for each server that doesn't answer."""
    now = datetime.now(UTC)
    findings = [servers.database(now)]
    findings.append(servers.broker(now) if settings.REDIS_URL else _no_broker())
    return [f"{finding.found} {finding.remedy}" for finding in findings if finding.level is Level.FAIL]


def require_servers() -> None:
    """End this process with a sentence unless PostgreSQL and Redis answer."""
    if sentences := unreachable():
        stop(sentences)


def stop(sentences: list[str]) -> NoReturn:
    """Say why on standard error, and leave."""
    for sentence in sentences:
        sys.stderr.write(f"Polyphemus can't start: {sentence}\n")
    sys.stderr.flush()
    raise SystemExit(EXIT_CODE)


def _no_broker() -> Finding:
    return Finding.fail("broker", "REDIS_URL is not set.", "Set it to the address of a Redis server.")
