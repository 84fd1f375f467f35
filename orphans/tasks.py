"""Background work: thin, at least once, ids only."""

from __future__ import annotations

from celery import shared_task

from magma.client import connect
from magma.errors import MagmaError
from magma.removal.registry import adapter
from orphans.models import Review
from orphans.services import discovery, journal, removals, reviews
from orphans.services.bundles import Tools
from orphans.services.moves import By
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


@shared_task
def gather_review(review_id: int) -> None:
    """Read the records of a review that is too large to read while its person waits."""
    review = Review.objects.get(pk=review_id)
    reviews.gather(review, magma=connect(), by=By(review.created_by, now()))


@shared_task
def advance_review(review_id: int) -> None:
    """Do one step of a removal, and have the next one done."""
    review = Review.objects.get(pk=review_id)
    tools = Tools(connect(), adapter(review.adapter))
    if removals.advance(review_id, tools, now=now()).more:
        advance_review.delay(review_id)


@shared_task
def go_on() -> None:
    """Run by beat: whatever a crash, a wait or a lost message left lying goes on."""
    for pk in Review.objects.to_gather().values_list("pk", flat=True):
        gather_review.delay(pk)
    for pk in Review.objects.to_advance(now=now()).values_list("pk", flat=True):
        advance_review.delay(pk)
