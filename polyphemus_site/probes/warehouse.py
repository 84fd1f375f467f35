"""Whether Magma can be reached; asked anew every quarter of a minute at most."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Lock

from django.conf import settings

from magma.client import Magma, connect
from magma.errors import MagmaError
from magma.wire import Patience
from polyphemus_site.health import Finding

FRESH = timedelta(seconds=15)
#: A probe may not hang: Magma itself waits for Janus, for minutes when Janus is down.
PATIENCE = Patience(connect_seconds=2, read_seconds=5, whole_answer_seconds=6, attempts=1)


class Remembered:
    """The last finding of this process, so that frequent probes don't become load on Magma."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self.lock = Lock()
        self.asked: tuple[str, datetime, Finding] | None = None

    def finding(self, now: datetime) -> Finding:
        """What was found lately, or is now."""
        with self.lock:
            url = settings.POLYPHEMUS_MAGMA_URL
            if self.asked and self.asked[0] == url and abs(now - self.asked[1]) < FRESH:
                return self.asked[2]
            found = ask()
            self.asked = (url, now, found)
            return found


def ask() -> Finding:
    """Magma's sign of life, with our token."""
    try:
        client = Magma(url=settings.POLYPHEMUS_MAGMA_URL, token=connect().wire.token, patience=PATIENCE)
        try:
            client.alive()
        finally:
            client.close()
    except MagmaError as error:
        return Finding.fail("magma", str(error), error.advice)
    return Finding.ok("magma", "It answers, and knows our token.")


magma = Remembered().finding
