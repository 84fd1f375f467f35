"""kill -9 at each step, with real processes: another worker goes on, and no record goes uncopied."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from magma.demo.tokens import mint
from magma.journal.models import JournalEntry
from magma.removal.handoff import Handoff
from orphans.models import AuditEntry, Bundle, Orphan, Review
from orphans.services import exports, reviews
from orphans.states import Fate, ReviewStatus
from tests.orphans.killed import POINTS, READING_POINTS, WATCHING_POINTS
from tests.orphans.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.journey]

ROOT = Path(__file__).parents[2]
PATIENCE = 60
RECORDS = ("LABORS-VICTIM-000", "LABORS-VICTIM-ORPHAN-A")


def worker(world: World, folder: Path, *point: str, removal: str = "database") -> int:
    """Run a worker of its own process to its end; its exit code, negative for a signal."""
    own = connection.settings_dict
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "polyphemus_site.settings",
        "DATABASE_URL": f"postgresql://{own['USER']}:{own['PASSWORD']}@{own['HOST']}:{own['PORT']}/{own['NAME']}",
        "POLYPHEMUS_MAGMA_URL": world.url,
        "POLYPHEMUS_MAGMA_TOKEN": mint(world.keys.private, email="polyphemus@ucsf.edu", perm="V:labors"),
        "POLYPHEMUS_MAGMA_DATABASE_URL": world.database.url,
        "POLYPHEMUS_BUNDLE_DIR": str(folder),
        "POLYPHEMUS_REMOVAL": removal,
    }
    command = [sys.executable, "-m", "tests.orphans.killed", *point]
    return subprocess.run(command, cwd=ROOT, env=environment, timeout=PATIENCE, check=False).returncode  # noqa: S603 — our own program


def go_on(world: World, folder: Path, review: Review) -> Review:
    """Let workers follow until the review is done; the waits between their tries are passed over."""
    deadline = time.monotonic() + PATIENCE
    while review.status != ReviewStatus.DONE and time.monotonic() < deadline:
        Review.objects.filter(pk=review.pk).update(try_again_at=None)
        assert worker(world, folder) == 0
        review.refresh_from_db()
    return review


def copied(folder: Path) -> set[str]:
    """The records of every whole copy on the disk that is recorded with its hash."""
    names: set[str] = set()
    for sha256, name in Bundle.objects.exclude(name="").values_list("sha256", "name"):
        content = gzip.decompress((folder / name).read_bytes())
        assert hashlib.sha256(content).hexdigest() == sha256
        names |= {node["record"] for tree in json.loads(content)["trees"] for node in tree["nodes"]}
    return names


def victims(world: World) -> set[str]:
    return {name for (name,) in world.database.rows("SELECT name FROM labors.victims")}


@pytest.mark.parametrize("point", POINTS)
def test_whenever_a_worker_is_killed_another_goes_on(point: str, world: World, bundle_folder: Path) -> None:
    assert settings.STORAGES["bundles"]["OPTIONS"]["location"] == str(bundle_folder)
    before = victims(world)
    review = world.approved(*RECORDS)

    ended = worker(world, bundle_folder, point)

    gone_by_then = before - victims(world)
    assert ended == -signal.SIGKILL
    assert gone_by_then <= copied(bundle_folder)
    review = go_on(world, bundle_folder, review)
    assert review.status == ReviewStatus.DONE
    assert before - victims(world) == set(RECORDS)
    assert set(RECORDS) <= copied(bundle_folder)
    assert set(review.items.values_list("fate", flat=True)) == {Fate.REMOVED}
    assert AuditEntry.objects.filter(action="orphan removed").count() == len(RECORDS)
    assert JournalEntry.objects.filter(event="remove_orphans").count() == 1


@pytest.mark.parametrize("point", READING_POINTS)
def test_a_worker_killed_while_it_reads_is_followed_by_one_that_reads_it_all(
    point: str, world: World, bundle_folder: Path
) -> None:
    world.look()
    review = reviews.create(project="labors", orphans=Orphan.objects.all(), by=world.by)

    ended = worker(world, bundle_folder, point)

    review.refresh_from_db()
    assert (ended, review.status) == (-signal.SIGKILL, ReviewStatus.GATHERING)
    assert worker(world, bundle_folder) == 0
    review.refresh_from_db()
    assert (review.status, review.records) == (
        ReviewStatus.OPEN,
        world.gathered(Orphan.objects.all()).records,
    )


@pytest.mark.parametrize("point", WATCHING_POINTS)
def test_a_worker_killed_while_it_watches_tells_of_each_removal_once(
    point: str, world: World, bundle_folder: Path
) -> None:
    world.adapter = Handoff()
    review = world.advance(world.approved(*RECORDS))
    world.database.connection.execute(exports.removal_script(review).encode())
    Review.objects.update(try_again_at=None)

    ended = worker(world, bundle_folder, point, removal="handoff")

    assert ended == -signal.SIGKILL
    Review.objects.update(try_again_at=None)
    assert worker(world, bundle_folder, removal="handoff") == 0
    review.refresh_from_db()
    assert review.status == ReviewStatus.DONE
    assert AuditEntry.objects.filter(action="orphan removed").count() == len(RECORDS)
    assert JournalEntry.objects.filter(event="remove_orphans").count() == 1
