"""What loaders say to /readyz, doctor and /metrics: how scans go, how old they are, which loaders broke."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Min, Sum
from prometheus_client.core import Metric

from loaders import registry
from loaders.errors import unquoting
from loaders.models import Change, ScanCursor, ScanRun, Suggestion
from loaders.tables import ListedBucket
from polyphemus_site import metrics
from polyphemus_site.health import Finding

#: A scan is late when it has not read to the end for so many of its turns.
TURNS = 10
#: A full scan is late after a night missed, and some hours.
FULL_SCAN_LATE = timedelta(hours=30)


def scans(now: datetime) -> list[Finding]:
    """Whether the last scans ended well, and whether any is late."""
    found = [*_failures(), *_late(now), *_buckets(), *_broken_loaders()]
    return found or [Finding.ok("scans", "The last scans ended well.")]


def _failures() -> Iterator[Finding]:
    for run in ScanRun.objects.failing():
        yield Finding.warn(
            "scans",
            f"{run} failed at {run.started_at:%Y-%m-%d %H:%M:%S} UTC: {unquoting(run.error)}",
            "It is tried again by itself, from where it was; `manage.py doctor` tries Magma.",
            quoting=_beyond(run.error),
        )
    for run in ScanRun.objects.latest_each():
        for loader, fault in run.faults.items():
            yield Finding.warn(
                "loaders",
                f"Loader {loader} failed on {run.project}: {unquoting(fault)}",
                "Mend or remove the loader; `manage.py doctor` tells all it said.",
                quoting=_beyond(fault),
            )


def _beyond(cause: str) -> str:
    """What an error says beyond what anybody may read; "" when that is all."""
    return cause.removeprefix(unquoting(cause)).lstrip(": ")


def late_after() -> timedelta:
    """How old a cursor may be."""
    return timedelta(seconds=TURNS * settings.POLYPHEMUS_SCAN_SECONDS)


def _late(now: datetime) -> Iterator[Finding]:
    for project, read_at in _cursor_ages():
        if now - read_at > late_after():
            yield Finding.warn(
                "scans",
                f"Changes of {project} were last read to the end at {read_at:%Y-%m-%d %H:%M:%S} UTC.",
                "See that a worker and beat are running, and that Magma answers.",
            )
    for run in late_full_scans(ScanRun.objects.complete(), now=now):
        yield Finding.warn(
            "scans",
            f"{run} has not been complete since {run.started_at:%Y-%m-%d %H:%M:%S} UTC.",
            "It runs nightly; `manage.py scan PROJECT --full` runs it now and says what is wrong.",
        )


def late_full_scans(complete: Iterable[ScanRun], *, now: datetime) -> list[ScanRun]:
    """Of the last complete full scans those that another should have followed, where a loader waits."""
    models = {loader.model for loader in registry.current()}
    return [run for run in complete if run.model in models and now - run.started_at > FULL_SCAN_LATE]


def _cursor_ages() -> Iterable[tuple[str, datetime]]:
    return ScanCursor.objects.values_list("project").annotate(oldest=Min("read_at")).order_by("project")


def _buckets() -> Iterator[Finding]:
    for bucket in ListedBucket.objects.exclude(error="").order_by("project", "bucket"):
        yield Finding.warn(
            "scans",
            f"The bucket {bucket} can't be listed: {bucket.error}",
            "It is tried again every minute. See that POLYPHEMUS_METIS_URL answers and knows our token.",
        )


def _broken_loaders() -> Iterator[Finding]:
    for broken in registry.current().broken:
        yield Finding.warn(
            "loaders", f"{broken.source} can't be used: {broken.cause}", "Mend or remove the loader."
        )


def measured(now: datetime) -> Iterator[Metric]:
    """Ages and counts by project."""
    ages = [(project, (now - read_at).total_seconds()) for project, read_at in _cursor_ages()]
    yield metrics.gauge("scan_age_seconds", "Since changes were last read to the end", "project", ages)
    swept = ScanRun.objects.complete()
    full = [(str(run), (now - run.started_at).total_seconds()) for run in swept]
    yield metrics.gauge("full_scan_age_seconds", "Since the last complete full scan began", "scan", full)
    counts = ScanCursor.objects.values_list("project").annotate(found=Sum("found"), missed=Sum("missed"))
    counted = list(counts.values_list("project", "found", "missed").order_by("project"))
    yield metrics.gauge(
        "changes_found", "Changes that scans found", "project", [(p, f) for p, f, _ in counted]
    )
    yield metrics.gauge(
        "changes_missed", "Of those, the journal had not told of", "project", [(p, m) for p, _, m in counted]
    )
    pending = Change.objects.filter(pending=True, ripe_at__lte=now).count()
    yield metrics.gauge("changes_pending", "Changes still to be judged", "queue", [("changes", pending)])
    standing = Suggestion.objects.standing().filter(shadow=False).count()
    yield metrics.gauge(
        "suggestions_standing", "Suggestions that stand", "queue", [("suggestions", standing)]
    )
