"""Decisions: what each asks for, what it does, and what becomes of two who decide at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings

from orphans.errors import AlreadyDecidedError, BlockedError, NotConfirmedError, SamePersonError
from orphans.models import Orphan, Review
from orphans.services import decisions
from orphans.services.decisions import Said
from orphans.services.moves import By
from orphans.states import Decision, Fate, OrphanStatus, ReviewStatus
from polyphemus_site.errors import InvalidInputError, PolyphemusError
from polyphemus_site.janus.errors import ForbiddenError
from polyphemus_site.mail.models import Notice
from polyphemus_site.models import DigestReader
from tests.orphans.world import World

ONE = "LABORS-VICTIM-000"


class TestGather:
    def test_everything_below_is_counted_and_kept_as_seen(self, world: World) -> None:
        review = world.review(ONE)

        item = review.items.get()
        assert (review.status, review.records) == (ReviewStatus.OPEN, 3)
        assert item.shape == {"victim": 1, "wound": 1, "sidekick": 1}
        assert item.document["name"] == ONE

    def test_a_live_link_blocks_and_is_named(self, world: World) -> None:
        world.load({"monster": {"Nemean Lion Monster": {"labor": None}}})

        review = world.review("Nemean Lion Monster")

        blockers = " ".join(review.items.get().blockers)
        assert "monster 'Lernean Hydra Monster' refers to monster 'Nemean Lion Monster'." in blockers
        assert review.records == 0

    def test_records_that_link_to_each_other_go_together(self, world: World) -> None:
        review = world.review(project="dt_lung")

        groups = set(review.items.values_list("group", flat=True))
        assert (len(groups), review.records) == (1, 5)

    def test_an_orphan_adopted_meanwhile_is_left_out_with_the_reason(self, world: World) -> None:
        world.look()
        world.load({"victim": {ONE: {"monster": "Nemean Lion Monster"}}})
        row = Orphan.objects.filter(record=ONE)
        review = world.gathered(row)

        assert review.items.get().fate == Fate.SPARED
        assert "no longer among" in review.items.get().fate_note


class TestDecide:
    def test_keeping_needs_a_reason(self, world: World) -> None:
        with pytest.raises(InvalidInputError):
            world.decide(world.review(ONE), Decision.KEEP)

    def test_kept_orphans_say_why_and_by_whom(self, world: World) -> None:
        world.decide(world.review(ONE), Decision.KEEP, reason="a control")

        orphan = Orphan.objects.get(record=ONE)
        assert (orphan.status, orphan.reason, orphan.decided_by) == (
            OrphanStatus.KEPT,
            "a control",
            world.curator,
        )

    def test_later_needs_a_time_to_come(self, world: World) -> None:
        with pytest.raises(InvalidInputError):
            world.decide(world.review(ONE), Decision.LATER, until=world.by.now - timedelta(days=1))

    def test_an_adoption_keeps_the_parents_for_the_persons_own_update(self, world: World) -> None:
        review = world.review(ONE)
        orphan = Orphan.objects.get(record=ONE)

        world.decide(review, Decision.ADOPT, parents={orphan.pk: "Nemean Lion Monster"})

        assert review.items.get().parent == "Nemean Lion Monster"
        assert Orphan.objects.get(record=ONE).status == OrphanStatus.OPEN

    @pytest.mark.parametrize("typed", ["", "remove", "remove 2", "remove 30", "yes"])
    def test_a_removal_needs_the_exact_number_typed(self, world: World, typed: str) -> None:
        review = world.review(ONE)

        with pytest.raises(NotConfirmedError):
            world.decide(review, Decision.REMOVE, confirm=typed)

        assert Orphan.objects.get(record=ONE).status == OrphanStatus.OPEN

    def test_nothing_removable_can_not_be_confirmed(self, world: World) -> None:
        world.load({"monster": {"Nemean Lion Monster": {"labor": None}}})

        with pytest.raises(BlockedError):
            world.decide(world.review("Nemean Lion Monster"), Decision.REMOVE)

    def test_the_admins_among_the_digests_readers_are_asked_at_once(self, world: World) -> None:
        for email, perm in (("admin@ucsf.edu", "a"), ("editor@ucsf.edu", "e"), ("idle@ucsf.edu", "a")):
            seen_at = world.by.now - timedelta(days=61 if email == "idle@ucsf.edu" else 1)
            values = {"hour": 8, "next_at": world.by.now, "level": perm, "seen_at": seen_at}
            DigestReader.objects.create(email=email, project="labors", **values)

        proposed = world.decide(world.review(ONE), Decision.REMOVE, is_admin=False)

        notice = Notice.objects.get(kind="orphan_removal_proposed")
        assert notice.recipient == "admin@ucsf.edu"
        assert notice.context["path"] == f"/labors/orphans/reviews/{proposed.pk}"

    def test_where_no_admin_reads_a_digest_the_installations_are_asked(
        self, world: World, settings: Settings
    ) -> None:
        settings.POLYPHEMUS_ADMIN_EMAILS = ["operator@ucsf.edu"]

        world.decide(world.review(ONE), Decision.REMOVE, is_admin=False)

        assert Notice.objects.get(kind="orphan_removal_proposed").recipient == "operator@ucsf.edu"

    def test_where_the_proposer_alone_reads_a_digest_the_installations_admins_are_asked(
        self, world: World, settings: Settings
    ) -> None:
        settings.POLYPHEMUS_ADMIN_EMAILS = ["operator@ucsf.edu"]
        settings.POLYPHEMUS_REMOVAL_NEEDS_TWO = True
        values = {"hour": 8, "next_at": world.by.now, "level": "a", "seen_at": world.by.now}
        DigestReader.objects.create(email=world.by.actor, project="labors", **values)
        review = world.review(ONE)

        world.decide(review, Decision.REMOVE, confirm=review.confirmation)

        assert Notice.objects.get(kind="orphan_removal_proposed").recipient == "operator@ucsf.edu"

    def test_an_editors_removal_is_a_proposal(self, world: World) -> None:
        review = world.decide(world.review(ONE), Decision.REMOVE, is_admin=False)

        assert review.status == ReviewStatus.PROPOSED
        assert Orphan.objects.get(record=ONE).status == OrphanStatus.OPEN

    def test_an_editor_may_not_agree(self, world: World) -> None:
        review = world.decide(world.review(ONE), Decision.REMOVE, is_admin=False)

        with pytest.raises(ForbiddenError):
            world.decide(review, Decision.APPROVE, is_admin=False)

    def test_where_two_are_needed_the_same_person_is_refused_and_another_heard(
        self, world: World, settings: Any
    ) -> None:
        settings.POLYPHEMUS_REMOVAL_NEEDS_TWO = True
        review = world.decide(world.review(ONE), Decision.REMOVE)
        with pytest.raises(SamePersonError):
            world.decide(review, Decision.APPROVE)
        said = Said(Decision.APPROVE, confirm=review.confirmation, is_admin=True)

        review = decisions.decide(review, said, by=By("second@ucsf.edu", world.by.now))

        assert (review.status, review.approved_by) == (ReviewStatus.APPROVED, "second@ucsf.edu")
        assert Orphan.objects.get(record=ONE).status == OrphanStatus.LEAVING

    def test_the_second_of_two_decisions_is_told_of_the_first(self, world: World) -> None:
        review = world.review(ONE)
        stale = Review.objects.get(pk=review.pk)
        world.decide(review, Decision.KEEP, reason="a control")

        with pytest.raises(AlreadyDecidedError, match=f"{world.curator} decided: “Keep"):
            world.decide(stale, Decision.REMOVE)

    def test_another_review_can_not_remove_what_was_kept_meanwhile(self, world: World) -> None:
        review, other = world.review(ONE), world.review(ONE)
        world.decide(other, Decision.KEEP, reason="a control")

        with pytest.raises(BlockedError) as refused:
            world.decide(review, Decision.REMOVE)

        review.refresh_from_db()
        assert refused.value.code == "already_decided"
        assert review.status == ReviewStatus.OPEN

    def test_calling_off_lets_the_orphans_wait_again(self, world: World) -> None:
        review = world.decide(world.approved(ONE), Decision.CANCEL)

        assert review.status == ReviewStatus.CANCELLED
        assert Orphan.objects.get(record=ONE).status == OrphanStatus.OPEN


@pytest.mark.django_db(transaction=True)
class TestTwoAdminsAtOnce:
    def test_one_is_heard_and_the_other_told(self, world: World) -> None:
        review = world.review(ONE)
        start = threading.Barrier(2)

        def decide(decision: Decision) -> str:
            mine = Review.objects.get(pk=review.pk)
            start.wait(timeout=10)
            try:
                return world.decide(mine, decision, reason="at once").decision
            except PolyphemusError as error:
                return error.code
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as pool:
            heard = sorted(pool.map(decide, [Decision.KEEP, Decision.REMOVE]))

        assert heard in (["already_decided", "keep"], ["already_decided", "remove"])
