"""The loaders' background work: the journal starts some of it, beat the rest."""

from __future__ import annotations

from celery import shared_task

from loaders.services import authors, changes, following, listings, runs, scans, suggestions, sweeps
from magma import metis
from magma.client import connect
from magma.errors import MagmaError
from polyphemus_site import clock


@shared_task
def judge_pending(project: str) -> int:
    """Judge what the journal named and what scans found."""
    return scans.judge_pending(connect(), project, clock=clock.now).records


@shared_task
def scan_changes() -> int:
    """Start a scan of what changed for every project; beat, once a minute."""
    projects = connect().projects()
    for project in projects:
        scan_project_changes.delay(project)
    return len(projects)


@shared_task
def scan_project_changes(project: str) -> int:
    """Find what changed in a project and judge it."""
    return scans.scan_changes(connect(), project, clock=clock.now).records


@shared_task
def scan_everything() -> int:
    """Start a full scan of every project; beat, nightly."""
    projects = connect().projects()
    for project in projects:
        scan_project.delay(project)
    return len(projects)


@shared_task(autoretry_for=(MagmaError,), retry_backoff=60, retry_backoff_max=1800, max_retries=8)
def scan_project(project: str) -> int:
    """List every anchor of a project for all workers to judge."""
    return len(sweeps.begin(connect(), project, clock=clock.now))


@shared_task
def judge_shard(shard_id: int) -> int:
    """Judge one stretch of a full scan."""
    return sweeps.judge(connect(), shard_id, clock=clock.now).records


@shared_task
def take_up_shards() -> int:
    """Start again what a killed worker or a warehouse that was away left of full scans; beat."""
    left = sweeps.left_over(now=clock.now())
    for shard_id in left:
        judge_shard.delay(shard_id)
    return len(left)


@shared_task
def follow_settings(project: str) -> int:
    """Let a project's suggestions follow what its admins have decided."""
    return following.follow(project, now=clock.now())


@shared_task
def list_buckets() -> int:
    """List what changed in the Metis buckets that loaders read; beat."""
    found = metis.connect()
    return listings.refresh_all(found, connect().projects(), clock=clock.now) if found else 0


@shared_task
def keep_house() -> int:
    """Wake what was snoozed until now, follow settings once more, and forget what is long over."""
    now = clock.now()
    written = suggestions.wake(now=now) + following.follow_all(now=now)
    return written + changes.forget(now=now) + runs.forget(now=now)


@shared_task
def tell_authors() -> int:
    """Tell loaders' authors how their suggestions were taken; beat, and once a week is enough."""
    return authors.tell(now=clock.now())
