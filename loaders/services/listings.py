"""Keeps what Metis lists of the buckets that loaders read: changes every minute, the whole once a day.

A listing of changes shows no file that is gone; the whole does, by leaving it out.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from loaders import registry
from loaders.clocks import Clock
from loaders.names import is_kept
from loaders.services import changes
from loaders.services.locks import held
from loaders.sources.listing import MetisListing
from loaders.tables import ListedBucket, ListedFile
from magma.errors import MagmaError
from magma.metis import LONG_AGO, Metis, MetisFile

logger = logging.getLogger(__name__)

BATCH = 1000
#: What was written so shortly before may have become visible since.
OVERLAP = timedelta(minutes=5)
WHOLE = timedelta(hours=24)
TABLES = (".csv", ".tsv")


def refresh_all(metis: Metis, projects: Iterable[str], *, clock: Clock) -> int:
    """Refresh every bucket that a loader reads, in every project; how many files were listed.

    A bucket that can't be read is written down with its cause and costs itself only.
    """
    listed = 0
    for project in projects:
        for bucket in sorted({source.bucket for _, source in listings_of(project)}):
            try:
                listed += refresh(metis, project, bucket, clock=clock)
            except MagmaError as error:
                logger.warning("Bucket %s of %s could not be listed: %s", bucket, project, error.message)
                _write_down(project, bucket, error.message)
    return listed


def listings_of(project: str) -> list[tuple[str, MetisListing]]:
    """The models that are files in Metis, as loaders of a project have them."""
    loaders = (one for one in registry.current() if not one.projects or project in one.projects)
    return [(one.model, one.source) for one in loaders if isinstance(one.source, MetisListing)]


def refresh(metis: Metis, project: str, bucket: str, *, clock: Clock) -> int:
    """Take in what changed in a bucket since it was last read; how many files that was."""
    with held("listing", project, bucket) as mine:
        if not mine:
            return 0
        started_at = clock()
        known = ListedBucket.objects.filter(project=project, bucket=bucket).first()
        is_whole = known is None or started_at - known.whole_at >= WHOLE
        since = LONG_AGO if known is None or is_whole else known.since - OVERLAP
        newest, count = known.since if known else LONG_AGO, 0
        for files in _batches(_kept(metis.files(project, bucket, since))):
            _take_in(metis, project, bucket, files, now=started_at)
            newest = max(newest, *(file.updated_at for file in files))
            count += len(files)
        if is_whole:
            _forget(project, bucket, before=started_at, now=clock())
        whole_at = started_at if known is None or is_whole else known.whole_at
        ListedBucket.objects.update_or_create(
            project=project,
            bucket=bucket,
            defaults={"since": newest, "read_at": started_at, "whole_at": whole_at, "error": ""},
        )
    return count


def _kept(files: Iterator[MetisFile]) -> Iterator[MetisFile]:
    """Without those whose path can't be kept."""
    for file in files:
        if is_kept(file.path):
            yield file
        else:
            logger.warning("A file is passed over: its path has %d characters.", len(file.path))


def _batches(files: Iterator[MetisFile]) -> Iterator[list[MetisFile]]:
    while batch := list(islice(files, BATCH)):
        yield batch


def _take_in(metis: Metis, project: str, bucket: str, files: Sequence[MetisFile], *, now: datetime) -> None:
    there = ListedFile.objects.filter(project=project, bucket=bucket, path__in=[file.path for file in files])
    known = {path: (md5, columns) for path, md5, columns in there.values_list("path", "md5", "columns")}
    rows = {
        file.path: ListedFile(
            project=project,
            bucket=bucket,
            path=file.path,
            md5=file.md5 or "",
            size=file.size,
            updated_at=file.updated_at,
            seen_at=now,
            columns=_columns(metis, file, known.get(file.path)),
        )
        for file in files
    }
    ListedFile.objects.bulk_create(
        rows.values(),
        update_conflicts=True,
        unique_fields=["project", "bucket", "path"],
        update_fields=["md5", "size", "updated_at", "seen_at", "columns"],
    )


def _columns(metis: Metis, file: MetisFile, known: tuple[str, list[str] | None] | None) -> list[str] | None:
    """A table's header, read once for each content."""
    if not file.name.lower().endswith(TABLES):
        return None
    if known is not None and known[0] == (file.md5 or "") and known[1] is not None:
        return known[1]
    return metis.columns(file)


def _forget(project: str, bucket: str, *, before: datetime, now: datetime) -> None:
    """Let go of what the whole listing left out, and have what was drawn from it judged again."""
    gone = ListedFile.objects.filter(project=project, bucket=bucket, seen_at__lt=before)
    paths = list(gone.values_list("path", flat=True))
    gone.delete()
    for model, source in listings_of(project):
        if source.bucket == bucket and paths:
            changes.ripen(project, model, dict.fromkeys(paths, now), now=now)


def _write_down(project: str, bucket: str, cause: str) -> None:
    ListedBucket.objects.update_or_create(
        project=project,
        bucket=bucket,
        defaults={"error": cause},
        create_defaults={"since": LONG_AGO, "read_at": LONG_AGO, "whole_at": LONG_AGO, "error": cause},
    )
