"""A removal from the decision to the last line of the audit, on a real Magma's restored database."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from magma.journal.models import JournalEntry
from orphans.models import AuditEntry, Bundle, Orphan
from orphans.states import Fate, OrphanStatus, ReviewStatus
from polyphemus_site.mail.models import Notice
from tests.orphans.world import World


class TestAdvance:
    def test_reviewed_orphans_are_removed_with_all_below_them_and_nothing_else(self, world: World) -> None:
        review = world.approved("LABORS-VICTIM-000", "LABORS-VICTIM-ORPHAN-A")
        before = world.database.everything()

        world.advance(review)

        after = world.database.everything()
        lost = {name: len(before[name]) - len(after[name]) for name in before if before[name] != after[name]}
        assert review.trouble == ""
        assert review.status == ReviewStatus.DONE
        assert lost == {"labors.victims": 2, "labors.wounds": 1, "labors.sidekicks": 1}
        assert set(review.items.values_list("fate", flat=True)) == {Fate.REMOVED}
        assert set(Orphan.objects.filter(items__review=review).values_list("status", flat=True)) == {
            OrphanStatus.REMOVED
        }

    def test_every_removal_names_its_bundle_in_the_audit(self, world: World) -> None:
        review = world.advance(world.approved("LABORS-VICTIM-000"))

        line = AuditEntry.objects.get(action="orphan removed", review=review)
        assert line.bundle_sha256 == Bundle.objects.get(review=review).sha256
        assert line.actor == world.curator

    def test_the_ecosystems_own_log_is_told(self, world: World) -> None:
        review = world.advance(world.approved("LABORS-VICTIM-000"))

        entry = JournalEntry.objects.get(event="remove_orphans")
        assert (entry.user, entry.application) == (world.curator, "polyphemus")
        assert f"removed 3 disconnected records (1 orphans) after review {review.pk}" in entry.message

    def test_who_decided_is_mailed_counts_and_no_names(self, world: World) -> None:
        world.advance(world.approved("LABORS-VICTIM-000", "LABORS-VICTIM-ORPHAN-A"))

        notice = Notice.objects.get(kind="orphan_removal_done")
        assert (notice.recipient, notice.context["removed"], notice.context["left"]) == (world.curator, 2, 0)
        assert "VICTIM" not in str(notice.context)

    @pytest.mark.parametrize("act", ["update", "delete"])
    def test_the_audit_can_not_be_rewritten(self, world: World, act: str) -> None:
        world.advance(world.approved("LABORS-VICTIM-000"))
        rewrite = {
            "update": lambda: AuditEntry.objects.update(actor="nobody"),
            "delete": lambda: AuditEntry.objects.all()._raw_delete("default"),
        }

        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            rewrite[act]()

    @pytest.mark.parametrize("table", ["orphans_auditentry", "orphans_bundle"])
    def test_neither_the_audit_nor_the_list_of_copies_is_emptied(self, world: World, table: str) -> None:
        world.advance(world.approved("LABORS-VICTIM-000"))

        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER orphans_is_not_emptied")
            with pytest.raises(DatabaseError, match="Nobody empties"):
                cursor.execute(f"TRUNCATE {table} CASCADE")
