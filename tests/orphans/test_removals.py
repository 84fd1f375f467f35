"""A removal from the decision to the last line of the audit, on a real Magma's restored database."""

from __future__ import annotations

from orphans.models import AuditEntry, Bundle, Orphan
from orphans.states import Fate, OrphanStatus, ReviewStatus
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
