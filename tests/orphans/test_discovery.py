"""Orphans of the demo warehouse: found, explained, closed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from magma.client import Magma
from magma.errors import MagmaError
from magma.journal.models import JournalEntry
from orphans.models import AuditEntry, Orphan, Search
from orphans.services import discovery
from orphans.services.moves import By, move_orphans
from orphans.states import OrphanStatus, Source
from tests.magma.demo_fixture import RunningWarehouse

pytestmark = pytest.mark.django_db

Look = Callable[..., Search]


@pytest.fixture
def look(magma: Magma, today: datetime) -> Look:
    def search(project: str = "labors", **options: object) -> Search:
        return discovery.search(magma, project, source=Source.COMMAND, now=today, **options)  # type: ignore[arg-type]  # options are the service's own

    return search


def told(documents: dict[str, dict[str, dict[str, Any]]], *, now: datetime) -> None:
    """What Magma tells the journal of an update."""
    JournalEntry.objects.create(
        project_name="labors", sender="magma", application="magma", user="editor@ucsf.edu", event="update",
        documents=documents, received_at=now, retry_at=now,
    )  # fmt: skip


def live(project: str = "labors") -> set[tuple[str, str]]:
    return set(Orphan.objects.live().filter(project=project).values_list("model", "record"))


class TestSearch:
    def test_the_seeds_orphans_are_found(self, look: Look) -> None:
        search = look()

        assert {
            ("victim", "LABORS-VICTIM-ORPHAN-A"),
            ("victim", "LABORS-VICTIM-ORPHAN-B"),
        } <= live()
        assert search.found == len(live())

    def test_what_hangs_below_an_orphan_is_no_orphan_of_its_own(self, look: Look) -> None:
        look("dt_lung")

        assert live("dt_lung") == {("sample", "DTL030.T1"), ("sample", "DTL030.N1")}

    def test_looking_twice_changes_nothing(self, look: Look) -> None:
        look()
        before = live()

        again = look()

        assert (again.found, again.closed, again.reopened) == (0, 0, 0)
        assert live() == before

    def test_a_row_of_a_table_is_found_by_its_number(self, look: Look, warehouse: RunningWarehouse) -> None:
        warehouse.load({"wound": {"3": {"victim": None}}}, project="labors")

        look()

        assert Orphan.objects.get(model="wound").record == "3"
        assert Orphan.objects.get(model="wound").is_row

    def test_a_restricted_orphan_carries_its_mark(self, look: Look, warehouse: RunningWarehouse) -> None:
        warehouse.load({"victim": {"SECRET": {"restricted": True}}}, project="labors")

        look()

        assert Orphan.objects.get(record="SECRET").restricted

    def test_one_that_stood_below_a_restricted_record_stays_for_the_same_eyes(
        self, look: Look, warehouse: RunningWarehouse, today: datetime
    ) -> None:
        lion = "Nemean Lion Monster"
        warehouse.load({"monster": {lion: {"restricted": True}}}, project="labors")
        warehouse.load({"victim": {"V-HIDDEN": {"monster": lion}}}, project="labors")
        told({"victim": {"V-HIDDEN": {"monster": lion}}}, now=today)
        warehouse.load({"victim": {"V-HIDDEN": {"monster": None}}}, project="labors")
        told({"victim": {"V-HIDDEN": {"monster": None}}}, now=today)
        look()
        first = Orphan.objects.get(record="V-HIDDEN")
        warehouse.load({"victim": {"V-HIDDEN": {"weapon": "club"}}}, project="labors")

        look()

        again = Orphan.objects.get(record="V-HIDDEN")
        assert (first.former_parent, first.restricted, again.restricted) == (lion, True, True)

    def test_an_adopted_orphan_closes_itself_and_names_the_parent(
        self, look: Look, warehouse: RunningWarehouse
    ) -> None:
        look()
        warehouse.load(
            {"victim": {"LABORS-VICTIM-ORPHAN-A": {"monster": "Nemean Lion Monster"}}}, project="labors"
        )

        search = look()

        orphan = Orphan.objects.get(record="LABORS-VICTIM-ORPHAN-A")
        assert (orphan.status, orphan.new_parent) == (OrphanStatus.ADOPTED, "Nemean Lion Monster")
        assert search.closed == 1

    def test_a_renamed_orphan_is_gone_under_its_old_name(
        self, look: Look, warehouse: RunningWarehouse
    ) -> None:
        look()
        warehouse.load({"victim": {"LABORS-VICTIM-ORPHAN-A": {"name": "RENAMED"}}}, project="labors")

        look()

        assert Orphan.objects.get(record="LABORS-VICTIM-ORPHAN-A").status == OrphanStatus.GONE
        assert Orphan.objects.get(record="RENAMED").status == OrphanStatus.OPEN

    def test_kept_stays_kept_until_it_changes(
        self, look: Look, warehouse: RunningWarehouse, today: datetime
    ) -> None:
        look()
        orphan = Orphan.objects.get(record="LABORS-VICTIM-ORPHAN-A")
        move_orphans([orphan.pk], to=OrphanStatus.KEPT, by=By("curator", today), reason="a control")
        look()
        orphan.refresh_from_db()
        before = orphan.status
        Orphan.objects.update(record_updated_at=today - timedelta(days=1))
        warehouse.load({"victim": {"LABORS-VICTIM-ORPHAN-A": {"weapon": "club"}}}, project="labors")

        look()

        orphan.refresh_from_db()
        assert (before, orphan.status) == (OrphanStatus.KEPT, OrphanStatus.OPEN)

    def test_every_move_has_its_line_in_the_audit(self, look: Look) -> None:
        look()

        found = AuditEntry.objects.filter(action="orphan found").values_list("orphan__record", flat=True)
        assert set(found) == {record for _, record in live()}

    def test_a_fault_of_magmas_is_kept_and_closes_nothing(
        self, look: Look, warehouse: RunningWarehouse
    ) -> None:
        look()
        before = live()
        warehouse.process.kill()

        with pytest.raises(MagmaError):
            look()

        assert live() == before
        assert Search.objects.latest("pk").error
