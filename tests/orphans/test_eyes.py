"""By which of our eyes orphans are found: the journal, the scan of what changed, the full scan."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from magma.client import connect, disconnect
from magma.journal.models import JournalEntry
from orphans import tasks
from orphans.models import Orphan, OrphanCursor, Search
from orphans.services.moves import By, move_orphans
from orphans.states import OrphanStatus, Source
from tests.magma.demo_fixture import RunningWarehouse
from tests.orphans.test_discovery import told

pytestmark = pytest.mark.django_db

KNOWN, NEW = "LABORS-VICTIM-ORPHAN-A", "V-NEW"


@pytest.fixture(autouse=True)
def reading(settings: Settings, warehouse: RunningWarehouse) -> Iterator[None]:
    """The tasks' own client reads the demo warehouse."""
    settings.POLYPHEMUS_MAGMA_URL = warehouse.url
    settings.POLYPHEMUS_MAGMA_TOKEN = warehouse.mint("VIEWER")
    settings.POLYPHEMUS_JANUS_EMAIL = ""
    settings.POLYPHEMUS_PROJECTS = ["labors"]
    yield
    disconnect()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[Any]]:
    """Every /query from now on."""
    magma = connect()
    queries: list[list[Any]] = []
    query = magma.query

    def noted(project: str, path: list[Any], **options: Any) -> Any:
        queries.append(path)
        return query(project, path, **options)

    monkeypatch.setattr(magma, "query", noted)
    return queries


def orphaned(warehouse: RunningWarehouse) -> None:
    """Somebody makes a record without its parent."""
    warehouse.load({"victim": {NEW: {"weapon": "club"}}}, project="labors")


class TestTheScanOfWhatChanged:
    def test_reads_everything_once_and_then_what_was_written_lately(
        self, warehouse: RunningWarehouse, asked: list[list[Any]]
    ) -> None:
        tasks.scan_project("labors")
        first = [path for path in asked if "updated_at" in str(path[2])]
        asked.clear()
        orphaned(warehouse)

        tasks.scan_project("labors")

        assert Orphan.objects.get(record=NEW).found_by == Source.SCAN
        assert first == []
        assert all(path[2][:2] == ["updated_at", "::>"] for path in asked)
        assert Orphan.objects.get(record=KNOWN).found_by == Source.SWEEP

    def test_closes_nothing_that_it_did_not_read(self, today: datetime) -> None:
        tasks.scan_project("labors")
        OrphanCursor.objects.update(seen_until=today + timedelta(hours=1))

        tasks.scan_project("labors")

        assert Orphan.objects.get(record=KNOWN).status == OrphanStatus.OPEN

    def test_reads_again_from_where_it_failed(self, settings: Settings) -> None:
        tasks.scan_project("labors")
        before = OrphanCursor.objects.get().seen_until
        disconnect()
        settings.POLYPHEMUS_MAGMA_URL = "http://127.0.0.1:1"

        tasks.scan_project("labors")

        assert Search.objects.latest("pk").error
        assert OrphanCursor.objects.get().seen_until == before


class TestTheJournal:
    def test_has_the_models_of_an_entry_looked_at_and_no_others(
        self, warehouse: RunningWarehouse, asked: list[list[Any]], today: datetime
    ) -> None:
        orphaned(warehouse)
        told({"victim": {NEW: {"weapon": "club"}}}, now=today)
        entry = JournalEntry.objects.get()

        tasks.search_after_entry(entry.pk)

        found = Orphan.objects.get(record=NEW)
        assert (found.found_by, found.journal_entry, found.appeared_by) == (
            Source.JOURNAL,
            entry.pk,
            "editor@ucsf.edu",
        )
        assert {path[0] for path in asked} == {"victim"}


class TestTheFullScan:
    def test_brings_back_what_was_put_off_until_now(self, today: datetime) -> None:
        tasks.sweep_project("labors")
        orphan = Orphan.objects.get(record=KNOWN)
        by = By("curator@ucsf.edu", today)
        move_orphans([orphan.pk], to=OrphanStatus.LATER, by=by, later_until=today + timedelta(days=1))
        tasks.sweep_projects()
        orphan.refresh_from_db()
        waiting = orphan.status
        Orphan.objects.filter(pk=orphan.pk).update(later_until=today)

        tasks.sweep_projects()

        orphan.refresh_from_db()
        assert (waiting, orphan.status) == (OrphanStatus.LATER, OrphanStatus.OPEN)

    def test_keeps_what_was_kept_before_it_was_out_of_sight(self, today: datetime) -> None:
        tasks.sweep_project("labors")
        orphan = Orphan.objects.get(record=KNOWN)
        by = By("curator@ucsf.edu", today)
        move_orphans([orphan.pk], to=OrphanStatus.KEPT, by=by, reason="a control")
        move_orphans([orphan.pk], to=OrphanStatus.GONE, by=by)

        tasks.sweep_project("labors")

        again = Orphan.objects.live().get(record=KNOWN)
        assert (again.status, again.reason) == (OrphanStatus.KEPT, "a control")

    @pytest.mark.parametrize("last", [OrphanStatus.LATER, OrphanStatus.OPEN])
    def test_keeps_nothing_whose_last_word_was_another(self, today: datetime, last: OrphanStatus) -> None:
        tasks.sweep_project("labors")
        orphan = Orphan.objects.get(record=KNOWN)
        by = By("curator@ucsf.edu", today)
        for status in (OrphanStatus.KEPT, last, OrphanStatus.GONE):
            move_orphans([orphan.pk], to=status, by=by, reason="we shall see")

        tasks.sweep_project("labors")

        assert Orphan.objects.live().get(record=KNOWN).status == OrphanStatus.OPEN
