"""Background work: thin, at least once, ids only."""

from __future__ import annotations

from celery import shared_task

from magma.client import connect
from magma.errors import MagmaError
from orphans.services import discovery, journal
from orphans.states import Source
from polyphemus_site.clock import now


@shared_task(autoretry_for=(MagmaError,), retry_backoff=5, retry_backoff_max=300, max_retries=5)
def search_after_entry(entry_id: int) -> None:
    """Look at the models a journal entry names."""
    project, models = journal.models_of(entry_id)
    if models:
        discovery.search(connect(), project, source=Source.JOURNAL, now=now(), models=models)


@shared_task
def scan_projects() -> None:
    """Run by beat every minute: one task a project, so that one that fails stops no other."""
    for project in connect().projects():
        scan_project.delay(project)


@shared_task
def scan_project(project: str) -> None:
    """Read what was written since the last scan; a fault is kept on the search and the cursor stays."""
    moment = now()
    since = discovery.since_last(project)
    source = Source.SCAN if since else Source.SWEEP
    if discovery.searched(connect(), project, source=source, now=moment, since=since):
        discovery.advance_cursor(project, started_at=moment)


@shared_task
def sweep_projects() -> None:
    """Run by beat now and then: read everything, close what is no orphan any more."""
    discovery.bring_back_put_off(now=now())
    for project in connect().projects():
        sweep_project.delay(project)


@shared_task
def sweep_project(project: str) -> None:
    """Read all orphans of one project; a fault is kept on the search."""
    discovery.searched(connect(), project, source=Source.SWEEP, now=now())
