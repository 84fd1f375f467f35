"""The account of a scan: opened before it starts, kept up to date while it goes, closed however it ends."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import connection

from loaders.clocks import Clock
from loaders.errors import told
from loaders.models import ScanRun
from loaders.services.verdicts import Tally
from loaders.states import ScanKind
from polyphemus_site.errors import PolyphemusError

logger = logging.getLogger(__name__)

KEPT = timedelta(days=30)
#: Scans of changes in which nothing went wrong are kept no longer: each model has thousands of them a day.
QUIET_KEPT = timedelta(days=1)
#: All but the last of each.
FORGET_QUIET = """
DELETE FROM loaders_scanrun AS r WHERE kind IN ('journal', 'changes') AND started_at < %(before)s
AND ended_at IS NOT NULL AND error = '' AND faults = '{}' AND EXISTS (
    SELECT FROM loaders_scanrun AS later
    WHERE (later.project, later.model, later.kind) = (r.project, r.model, r.kind)
    AND later.started_at > r.started_at)
"""


#: Called with a scan whenever it has come further.
Watch = Callable[[ScanRun], None]

#: How often a scan that goes on writes down how far it is.
EVERY_SECONDS = 1.0


class Account:
    """One scan's running count."""

    def __init__(self, run: ScanRun, watch: Watch | None = None) -> None:
        """Start from nothing."""
        self.run = run
        self.tally = Tally()
        self._watch = watch
        self._written = time.monotonic()

    def add(self, tally: Tally) -> None:
        """Take in a page; now and then write down how far the scan is."""
        self.tally.add(tally)
        self._count()
        self._write_soon()

    def expect(self, records: int | None) -> None:
        """Take in how many records there are."""
        if records != self.run.expected:
            self.run.expected = records
            self._write()

    def _write_soon(self) -> None:
        if time.monotonic() - self._written >= EVERY_SECONDS:
            self._write()

    def close(self, *, now: datetime, error: Exception | None = None) -> None:
        """Write down the end, and what brought it about."""
        self.run.ended_at = now
        if error is not None:
            self.run.error = told(error)
            self.run.error_code = error.code if isinstance(error, PolyphemusError) else "failed"
        self._write()

    def _count(self) -> None:
        self.run.pages, self.run.records = self.tally.pages, self.tally.records
        self.run.judged, self.run.verdicts = self.tally.judged, self.tally.plain()
        if self._watch is not None:
            self._watch(self.run)

    def _write(self) -> None:
        self._count()
        self.run.faults = dict(self.tally.faults)
        self.run.save()
        self._written = time.monotonic()


@contextmanager
def recorded(
    kind: ScanKind,
    project: str,
    model: str,
    *,
    clock: Clock,
    watch: Watch | None = None,
) -> Iterator[Account]:
    """Keep a scan's account; what goes wrong is written down with its cause, and raised."""
    run = ScanRun.objects.create(kind=kind, project=project, model=model, started_at=clock())
    account = Account(run, watch)
    try:
        yield account
    except Exception as error:
        logger.warning("%s of %s %s failed: %s", kind.label, project, model, told(error))
        account.close(now=clock(), error=error)
        raise
    account.close(now=clock())


@contextmanager
def failures_of(kind: ScanKind, project: str, *, clock: Clock) -> Iterator[None]:
    """Write down what goes wrong before a scan can even start: Magma's templates can't be read."""
    started_at = clock()
    try:
        yield
    except Exception as error:
        logger.warning("%s of %s could not start: %s", kind.label, project, told(error))
        run = ScanRun.objects.create(kind=kind, project=project, started_at=started_at)
        Account(run).close(now=clock(), error=error)
        raise


def forget(*, now: datetime) -> int:
    """Delete the accounts of scans long over, but for the last complete one of each; how many.

    By those it is known how late the next one is, and what our token once saw.
    """
    told = list(ScanRun.objects.complete().values_list("pk", flat=True))
    deleted, _ = ScanRun.objects.filter(started_at__lt=now - KEPT).exclude(pk__in=told).delete()
    with connection.cursor() as cursor:
        cursor.execute(FORGET_QUIET, {"before": now - QUIET_KEPT})
        return deleted + int(cursor.rowcount)
