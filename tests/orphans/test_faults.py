"""What goes wrong between a decision and its end: nothing is lost, and the review says what to do."""

from __future__ import annotations

import errno
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage

from magma.removal.database import DatabaseRemoval
from magma.removal.handoff import Handoff
from orphans.models import Bundle, Orphan, Review
from orphans.services import bundles, exports, removals, reviews
from orphans.states import BundleStatus, Decision, Fate, OrphanStatus, ReviewStatus
from tests.orphans.world import World

pytestmark = pytest.mark.django_db

ONE, BARE = "LABORS-VICTIM-000", "LABORS-VICTIM-ORPHAN-A"
LION = "Nemean Lion Monster"


class FullStorage(FileSystemStorage):
    """A disk with no room left."""

    def _save(self, name: str, content: File[Any]) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")


def victims(world: World) -> int:
    return int(world.database.value("SELECT count(*) FROM labors.victims"))


def step(world: World, review: Review, times: int = 1) -> Review:
    for _ in range(times):
        removals.advance(review.pk, world.tools, now=world.by.now)
    review.refresh_from_db()
    return review


def later(review: Review) -> Review:
    """The wait before the next try has passed."""
    Review.objects.filter(pk=review.pk).update(try_again_at=None)
    review.refresh_from_db()
    return review


class TestBetweenReviewAndRemoval:
    @pytest.mark.parametrize(
        ("revision", "reason"),
        [
            ({"victim": {ONE: {"monster": LION}}}, "no longer among"),
            ({"victim": {ONE: {"weapon": "trident"}}}, "changed since it was reviewed"),
            ({"victim": {ONE: {"name": "RENAMED"}}}, "no longer among"),
            ({"victim": {ONE: {"restricted": True}}}, "changed since it was reviewed"),
            ({"wound": {"::new": {"victim": ONE, "location": "arm"}}}, "changed since it was reviewed"),
            ({"sidekick": {"SIDEKICK-00": {"victim": "LABORS-VICTIM-002"}}}, "changed since it was reviewed"),
        ],
    )
    def test_what_is_no_longer_what_was_seen_is_left(
        self, world: World, revision: dict[str, Any], reason: str
    ) -> None:
        review = world.approved(ONE, BARE)
        world.load(revision)

        world.advance(review)

        left = review.items.get(orphan__record=ONE)
        assert (review.status, left.fate) == (ReviewStatus.DONE, Fate.SPARED)
        assert reason in left.fate_note
        assert left.orphan.status == OrphanStatus.OPEN
        assert review.items.get(orphan__record=BARE).fate == Fate.REMOVED

    @pytest.mark.parametrize("steps", [2, 3])
    def test_a_change_after_the_copy_leaves_it_as_well(self, world: World, steps: int) -> None:
        review = step(world, world.approved(ONE), times=steps)
        world.load({"victim": {ONE: {"weapon": "trident"}}})

        world.advance(review)

        assert review.items.get().fate == Fate.SPARED
        assert world.database.value("SELECT count(*) FROM labors.victims WHERE name = %s", ONE) == 1

    def test_a_link_made_after_the_review_blocks_and_is_named(self, world: World) -> None:
        world.load({"monster": {"Lernean Hydra Monster": {"reference_monster": None}}})
        world.load({"monster": {"Cretan Bull Monster": {"reference_monster": None}, LION: {"labor": None}}})
        world.load({"victim": {"LABORS-VICTIM-010": {"monster": "Lernean Hydra Monster"}}})
        review = world.approved(LION)
        world.load({"monster": {"Lernean Hydra Monster": {"reference_monster": LION}}})

        world.advance(review)

        assert review.items.get().fate == Fate.SPARED


class TestMagmaAway:
    @pytest.mark.parametrize("steps", [0, 1, 2, 3])
    def test_at_whatever_step_it_is_waited_for(self, world: World, steps: int) -> None:
        before = victims(world)
        review = step(world, world.approved(BARE), times=steps)
        there = world.magma
        world.reads(url="http://127.0.0.1:1", token="x")
        world.adapter = DatabaseRemoval("postgresql://nobody@127.0.0.1:1/none")
        step(world, review, times=2)
        still, trouble = victims(world), review.trouble
        world.magma.close()
        world.magma, world.adapter = there, None

        world.advance(later(review))

        assert still == before
        assert trouble
        assert (review.status, victims(world)) == (ReviewStatus.DONE, before - 1)

    def test_a_review_whose_records_can_not_be_read_waits_and_says_so(self, world: World) -> None:
        world.look()
        there = world.magma
        world.reads(url="http://127.0.0.1:1", token="x")
        review = world.gathered(Orphan.objects.filter(record=BARE))
        waiting, trouble = review.status, review.trouble_code
        world.magma.close()
        world.magma = there

        review = reviews.gather(review, magma=world.magma, by=world.by)

        assert (waiting, trouble) == (ReviewStatus.GATHERING, "magma_unreachable")
        assert (review.status, review.records, review.trouble) == (ReviewStatus.OPEN, 1, "")


class TestStorage:
    def test_a_full_disk_stops_the_copy_and_so_everything(self, world: World, settings: Any) -> None:
        before = victims(world)
        whole = settings.STORAGES
        full = {"BACKEND": "tests.orphans.test_faults.FullStorage", "OPTIONS": {}}
        review = world.approved(BARE)
        settings.STORAGES = whole | {"bundles": full}
        world.advance(review)
        trouble, still = review.trouble, victims(world)
        settings.STORAGES = whole

        world.advance(later(review))

        assert "No space left on device" in trouble
        assert still == before
        assert review.status == ReviewStatus.DONE

    def test_a_folder_that_can_not_be_written_is_named(self, world: World, bundle_folder: Path) -> None:
        bundle_folder.write_text("in the way")

        review = world.advance(world.approved(BARE))

        assert (review.status, review.trouble_code) == (ReviewStatus.REMOVING, "bundle_storage")
        assert "Nothing was removed" in review.trouble

    @pytest.mark.parametrize(
        "damage",
        [
            lambda path: path.write_bytes(path.read_bytes()[:-20]),
            lambda path: path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + b" ")),
            lambda path: path.unlink(),
        ],
    )
    @pytest.mark.parametrize("steps", [2, 3])
    def test_a_damaged_copy_is_never_relied_on(
        self, world: World, bundle_folder: Path, damage: Callable[[Path], None], steps: int
    ) -> None:
        before = victims(world)
        review = step(world, world.approved(BARE), times=steps)
        damage(bundle_folder / Bundle.objects.get().name)

        step(world, review)

        assert victims(world) == before
        assert "Nothing was removed" in review.trouble

    def test_after_somebody_has_looked_a_new_copy_is_made(self, world: World, bundle_folder: Path) -> None:
        review = step(world, world.approved(BARE), times=2)
        path = bundle_folder / Bundle.objects.get().name
        path.write_bytes(gzip.compress(b"{}"))
        step(world, review)
        stopped = review.status

        world.advance(world.decide(review, Decision.RETRY))

        assert (stopped, review.status) == (ReviewStatus.STOPPED, ReviewStatus.DONE)
        assert len(list(exports.copies(review))) == 1


class TestRights:
    def test_an_account_without_rights_stops_the_review_and_says_which_to_grant(self, world: World) -> None:
        before = victims(world)
        world.database.run(
            "DO $$ BEGIN CREATE ROLE polyphemus_reader LOGIN PASSWORD 'reader';"
            " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;"
            "GRANT USAGE ON SCHEMA labors TO polyphemus_reader;"
            "GRANT SELECT ON ALL TABLES IN SCHEMA labors, public TO polyphemus_reader"
        )
        name = world.database.value("SELECT current_database()")
        world.adapter = DatabaseRemoval(world.as_account(name, "polyphemus_reader", "reader"))

        review = world.advance(world.approved(BARE))

        assert (review.status, review.trouble_code) == (ReviewStatus.STOPPED, "no_rights")
        assert "Grant it SELECT, UPDATE and DELETE" in review.trouble
        assert victims(world) == before

    def test_a_token_that_may_not_see_restricted_attributes_can_copy_nothing_whole(
        self, world: World
    ) -> None:
        world.reads(url=world.url, token=world.token("v:labors"))

        review = world.review(BARE)

        assert "victim.country" in " ".join(review.items.get().blockers)
        assert review.records == 0


class TestUnforeseen:
    def test_a_fault_of_ours_is_said_on_the_review_and_told_to_the_log(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = victims(world)
        review = step(world, world.approved(BARE))
        monkeypatch.setattr(bundles, "write", _broken)

        with pytest.raises(ZeroDivisionError):
            step(world, review)

        review.refresh_from_db()
        assert (review.status, review.trouble_code) == (ReviewStatus.REMOVING, "unexpected")
        assert victims(world) == before

    def test_a_model_that_is_no_more_leaves_its_orphans(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        review = world.approved(BARE)
        templates = world.magma.templates("labors")
        monkeypatch.setattr(world.magma, "templates", lambda _: {"project": templates["project"]})

        world.advance(review)

        assert "no model victim" in review.items.get().fate_note


def _broken(*_: Any, **__: Any) -> None:
    raise ZeroDivisionError


class TestCallingOff:
    @pytest.mark.parametrize("steps", [0, 1, 2, 3])
    def test_until_the_commit_nothing_is_removed(self, world: World, steps: int) -> None:
        before = victims(world)
        review = step(world, world.approved(BARE), times=steps)

        world.decide(review, Decision.CANCEL)
        step(world, review, times=3)

        assert (review.status, victims(world)) == (ReviewStatus.CANCELLED, before)
        assert Orphan.objects.get(record=BARE).status == OrphanStatus.OPEN


class TestHandoff:
    def test_the_review_closes_when_the_script_was_run_and_not_before(self, world: World) -> None:
        world.adapter = Handoff()
        review = world.advance(world.approved(ONE, BARE))
        step(world, later(review))
        waiting, trouble = review.status, review.trouble
        script = exports.removal_script(review)
        world.database.connection.execute(script.encode())

        step(world, later(review))

        assert (waiting, trouble) == (
            ReviewStatus.HANDED_OVER,
            "2 of 2 orphans are still there: the script has not been run, or it refused.",
        )
        assert (review.status, set(review.items.values_list("fate", flat=True))) == (
            ReviewStatus.DONE,
            {Fate.REMOVED},
        )
        assert set(review.bundles.values_list("status", flat=True)) == {BundleStatus.VERIFIED}

    def test_one_adopted_meanwhile_is_left_out_and_closes_the_review(self, world: World) -> None:
        world.adapter = Handoff()
        review = world.advance(world.approved(BARE))
        world.load({"victim": {BARE: {"monster": LION}}})

        step(world, later(review))

        assert (review.status, review.items.get().fate) == (ReviewStatus.DONE, Fate.SPARED)

    @pytest.mark.parametrize(
        ("record", "said"), [(ONE, "which hung below it"), (BARE, "made in the same second")]
    )
    def test_one_renamed_meanwhile_is_not_taken_for_removed(
        self, world: World, record: str, said: str
    ) -> None:
        world.adapter = Handoff()
        review = world.advance(world.approved(record))
        world.load({"victim": {record: {"name": "RENAMED"}}})

        step(world, later(review))

        item = review.items.get()
        assert (review.status, item.fate) == (ReviewStatus.DONE, Fate.SPARED)
        assert said in item.fate_note
