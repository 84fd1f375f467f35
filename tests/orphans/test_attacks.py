"""What a hostile or merely unlucky site would try: to have something removed unseen, uncopied or in use."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from dispatch.services import requests
from magma.removal import adapters
from magma.removal.adapters import Doomed, Outcome, Verdict
from magma.removal.database import DatabaseRemoval
from magma.removal.errors import (
    InterferenceError,
    LockedError,
    NoRightsError,
    OutcomeUnknownError,
    SchemaUnclearError,
    TooSlowError,
)
from orphans.models import Bundle, Review, Strike
from orphans.services import exports, removals, strikes
from orphans.states import BundleStatus, Decision, Fate, ReviewStatus, StrikeStatus
from tests.orphans.magma_databases import MagmaDatabase, victim
from tests.orphans.test_database_removal import remove
from tests.orphans.test_review_views import browser, served  # noqa: F401 — a fixture
from tests.orphans.world import World

pytestmark = pytest.mark.django_db

ONE, TWO, BARE = "LABORS-VICTIM-000", "LABORS-VICTIM-001", "LABORS-VICTIM-ORPHAN-A"


def step(world: World, review: Review, times: int = 1) -> Review:
    for _ in range(times):
        removals.advance(review.pk, world.tools, now=datetime.now(UTC))
    review.refresh_from_db()
    return review


def there(world: World, name: str) -> bool:
    return bool(world.database.value("SELECT count(*) FROM labors.victims WHERE name = %s", name))


def asked_about(model: str, record: str) -> None:
    """Somebody asks for an analysis of the record."""
    requests.submit(
        analysis="autopsy",
        project="labors",
        inputs=[record],
        requester="dr.who@ucsf.edu",
        name="an_autopsy",
        subjects=[(model, record, "")],
        now=datetime.now(UTC),
    )


def raw(statement: str, *values: Any) -> None:
    """As somebody at the database's own prompt."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def decide(review: Review, said: dict[str, str], perm: str, email: str = "curator@ucsf.edu") -> Any:
    """A decision over HTTP."""
    path = f"/api/v1/reviews/{review.pk}/decide"
    return browser(perm, email).post(path, said, content_type="application/json")


class TestCopies:
    def test_a_copy_that_stands_for_removed_records_survives_a_stop_and_a_retry(self, world: World) -> None:
        world.adapter = OneAtATime(world.database.url, refusals=1)
        review = world.advance(world.approved(ONE, BARE))
        stopped = review.status, sorted(review.items.values_list("fate", flat=True))

        review = world.advance(world.decide(review, Decision.RETRY))

        assert stopped == (ReviewStatus.STOPPED, [Fate.PENDING, Fate.REMOVED])
        assert review.status == ReviewStatus.DONE
        undo = exports.as_update(review)
        assert {name for body in undo.bodies for name in body["revisions"].get("victim", {})} == {ONE, BARE}

    def test_nobody_rewrites_the_copy_of_what_is_gone(self, world: World) -> None:
        review = world.advance(world.approved(BARE))
        item = review.items.get()

        acts: list[Callable[[], object]] = [
            lambda: review.bundles.update(sha256="ab" * 32),
            lambda: review.bundles.update(name="elsewhere"),
            lambda: review.items.update(fate=Fate.PENDING),
            lambda: review.items.update(bundle=None),
            lambda: raw("DELETE FROM orphans_bundle WHERE review_id = %s", review.pk),
        ]
        for act in acts:
            with pytest.raises(DatabaseError, match="bundle"), transaction.atomic():
                act()
        item.refresh_from_db()
        assert item.fate == Fate.REMOVED

    def test_a_forged_copy_removes_nothing_that_was_not_compared(
        self, world: World, bundle_folder: Path
    ) -> None:
        review = step(world, world.approved(BARE), times=3)
        bundle = Bundle.objects.get()
        path = bundle_folder / bundle.name
        document = json.loads(gzip.decompress(path.read_bytes()))
        document["trees"][0]["nodes"][0]["record"] = "LABORS-VICTIM-010"
        path.write_bytes(gzip.compress(json.dumps(document).encode()))
        edited = step(world, review).trouble_code

        assert (bundle.status, edited) == (BundleStatus.VERIFIED, "copy_differs")
        assert there(world, "LABORS-VICTIM-010")
        assert there(world, BARE)

    def test_not_even_with_its_hash_forged_as_well(self, world: World, bundle_folder: Path) -> None:
        review = step(world, world.approved(BARE), times=3)
        bundle = Bundle.objects.get()
        path = bundle_folder / bundle.name
        forged = gzip.decompress(path.read_bytes()).replace(BARE.encode(), b"LABORS-VICTIM-010")
        path.write_bytes(gzip.compress(forged))
        Bundle.objects.update(sha256=hashlib.sha256(forged).hexdigest())

        step(world, review)

        assert there(world, "LABORS-VICTIM-010")
        assert there(world, BARE)


class TestWorkInFlight:
    def test_a_request_about_what_hangs_below_blocks_as_well(self, world: World) -> None:
        name = world.database.value("SELECT name FROM labors.sidekicks WHERE victim_id = 1")
        asked_about("sidekick", name)

        review = world.review(ONE)

        assert review.records == 0
        assert f"sidekick {name!r}: Request an_autopsy" in " ".join(review.items.get().blockers)

    def test_a_request_made_after_the_copy_was_compared_blocks_at_the_last_moment(self, world: World) -> None:
        review = step(world, world.approved(ONE, BARE), times=3)
        verified = review.bundles.get().status
        asked_about("victim", ONE)

        world.advance(review)

        assert verified == BundleStatus.VERIFIED
        assert "an_autopsy" in review.items.get(orphan__record=ONE).fate_note
        assert (there(world, ONE), there(world, BARE)) == (True, False)


@pytest.mark.usefixtures("served")
class TestUnseen:
    def test_an_admin_who_may_not_see_all_of_it_only_proposes(self, world: World) -> None:
        review = world.review(ONE)
        said = {"decision": "remove", "confirm": review.confirmation}

        answer = decide(review, said, "a:labors")

        assert (answer.status_code, answer.json()["status"]) == (HTTPStatus.OK, "proposed")

    def test_nor_may_such_an_admin_agree(self, world: World) -> None:
        review = world.decide(world.review(ONE), Decision.REMOVE, is_admin=False)
        said = {"decision": "approve", "confirm": review.confirmation}

        refused = decide(review, said, "a:labors", email="second@ucsf.edu")
        heard = decide(review, said, "A:labors", email="second@ucsf.edu")

        assert (refused.status_code, refused.json()["code"]) == (HTTPStatus.FORBIDDEN, "restricted_unseen")
        assert heard.json()["status"] == "approved"

    def test_a_restricted_record_further_down_counts_as_well(self, world: World) -> None:
        world.load({"victim": {BARE: {"country": None}}})
        world.load({"sidekick": {"HIDDEN": {"victim": BARE}}})
        world.database.run("UPDATE labors.victims SET restricted = true WHERE name = %s", BARE)

        assert world.review(BARE).items.get().holds_restricted

    def test_without_anything_restricted_a_lower_case_admin_decides(self, world: World) -> None:
        world.load({"victim": {BARE: {"country": None}}})
        review = world.review(BARE)

        answer = decide(review, {"decision": "remove", "confirm": review.confirmation}, "a:labors")

        assert answer.json()["status"] == "approved"


class TestDatabase:
    def test_of_two_rows_with_one_name_nobody_says_which(self, magma_database: MagmaDatabase) -> None:
        magma_database.run(
            "ALTER TABLE labors.victims DROP CONSTRAINT victims_name_key;"
            "INSERT INTO labors.victims (created_at, updated_at, name)"
            f" SELECT created_at, updated_at, name FROM labors.victims WHERE name = '{BARE}'"
        )
        trees = [victim(magma_database, ONE), victim(magma_database, BARE)]

        examination = DatabaseRemoval(magma_database.url).examine("labors", trees)

        assert "More than one row" in examination.disagreements[trees[1].top.name]

    def test_a_session_without_foreign_keys_is_refused(self, magma_database: MagmaDatabase) -> None:
        name = magma_database.value("SELECT current_database()")
        magma_database.run(f'ALTER DATABASE "{name}" SET session_replication_role = replica')

        with pytest.raises(InterferenceError, match="switches foreign keys off"):
            remove(magma_database, victim(magma_database, BARE))

    @pytest.mark.parametrize(
        "act",
        [
            "CREATE TABLE public.late (victim integer REFERENCES labors.victims ON DELETE CASCADE)",
            "CREATE TRIGGER late BEFORE DELETE ON labors.victims FOR EACH ROW"
            " EXECUTE FUNCTION public.suppress_redundant_updates_trigger()",
            "ALTER TABLE labors.victims ADD COLUMN late integer",
        ],
    )
    def test_nobody_hangs_a_key_or_a_trigger_on_the_tables_until_the_commit(
        self, magma_database: MagmaDatabase, act: str
    ) -> None:
        act = act.replace("public.suppress", "pg_catalog.suppress")
        refused: list[str] = []

        def meanwhile(strike: adapters.Strike) -> bool:
            with psycopg.connect(magma_database.url, options="-c lock_timeout=100ms") as other:
                try:
                    other.execute(act)
                except psycopg.errors.LockNotAvailable as error:
                    refused.append(str(error))
            return True

        outcome = remove(magma_database, victim(magma_database, BARE), may_commit=meanwhile)

        assert (outcome.records, len(refused)) == (1, 1)

    def test_tables_that_are_called_otherwise_now_want_a_new_copy(
        self, magma_database: MagmaDatabase
    ) -> None:
        def rename() -> None:
            magma_database.run("ALTER TABLE labors.victims RENAME TO casualties")

        with pytest.raises(SchemaUnclearError, match="A new copy is needed"):
            remove(magma_database, victim(magma_database, BARE), meanwhile=rename)

    def test_a_link_nobody_guards_can_not_slip_in_before_the_commit(
        self, magma_database: MagmaDatabase
    ) -> None:
        magma_database.run("ALTER TABLE labors.wounds DROP CONSTRAINT wounds_victim_id_fkey")
        tree = victim(magma_database, BARE, below=False)

        with psycopg.connect(magma_database.url) as other:
            other.execute(
                "INSERT INTO labors.wounds (victim_id) SELECT id FROM labors.victims WHERE name = %s", [BARE]
            )
            with pytest.raises((LockedError, TooSlowError)):
                remove(magma_database, tree)

        assert magma_database.value("SELECT count(*) FROM labors.victims WHERE name = %s", BARE) == 1


class TestTheDatabasesWord:
    @pytest.mark.parametrize(
        ("verdict", "gone", "ends"),
        [
            (Verdict.COMMITTED, True, StrikeStatus.COMMITTED),
            (Verdict.FORGOTTEN, True, StrikeStatus.COMMITTED),
            (Verdict.FORGOTTEN, False, StrikeStatus.ROLLED_BACK),
            (Verdict.ROLLED_BACK, False, StrikeStatus.ROLLED_BACK),
            (Verdict.RUNNING, False, StrikeStatus.COMMITTING),
            (Verdict.COMMITTED, False, StrikeStatus.COMMITTING),
        ],
    )
    def test_on_a_transaction_is_held_against_the_rows(
        self, world: World, verdict: Verdict, gone: bool, ends: StrikeStatus
    ) -> None:
        review = half_struck(world, verdict)
        if gone:
            world.database.run("DELETE FROM labors.victims WHERE name = %s", BARE)

        with suppress(OutcomeUnknownError):
            strikes.settle(Strike.objects.get(), world.tools, now=datetime.now(UTC))

        assert Strike.objects.get().status == ends
        fate = Fate.REMOVED if ends is StrikeStatus.COMMITTED else Fate.PENDING
        assert review.items.get().fate == fate

    def test_one_renamed_meanwhile_is_not_taken_for_removed(self, world: World) -> None:
        review = half_struck(world, Verdict.FORGOTTEN)
        world.load({"victim": {BARE: {"name": "RENAMED"}}})

        strikes.settle(Strike.objects.get(), world.tools, now=datetime.now(UTC))

        assert Strike.objects.get().status == StrikeStatus.ROLLED_BACK
        assert review.items.get().fate == Fate.PENDING

    def test_where_only_some_are_gone_somebody_must_look(self, world: World) -> None:
        review = half_struck(world, Verdict.FORGOTTEN, record=ONE)
        world.database.run("DELETE FROM labors.sidekicks WHERE victim_id = 1")

        step(world, review)

        assert (review.trouble_code, Strike.objects.get().status) == ("outcome_unknown", "committing")
        assert "2 of its 3 records" in review.trouble


def half_struck(world: World, verdict: Verdict, record: str = BARE) -> Review:
    """A worker died between the permission to commit and whatever became of it."""
    review = step(world, world.approved(record), times=3)
    bundle, item = Bundle.objects.get(), review.items.get()
    strike = Strike.objects.create(
        review=review, bundle=bundle, xid="1", records=item.records, at=datetime.now(UTC)
    )
    review.items.update(strike=strike)
    world.adapter = Told(world.database.url, verdict)
    return review


class Told(DatabaseRemoval):
    """A server that says this of every transaction, as one restored or failed over may."""

    def __init__(self, url: str, verdict: Verdict) -> None:
        super().__init__(url)
        self.told = verdict

    def verdict(self, xid: str) -> Verdict:
        return self.told


class OneAtATime(DatabaseRemoval):
    """A database that takes too long for two trees, and takes its rights away after the first."""

    def __init__(self, url: str, *, refusals: int) -> None:
        super().__init__(url)
        self.refusals = refusals
        self.removed = 0

    def remove(self, project: str, doomed: Sequence[Doomed], **told: Any) -> Outcome:
        if len(doomed) > 1:
            raise TooSlowError("Two are too many.")
        if self.removed and self.refusals:
            self.refusals -= 1
            raise NoRightsError("No longer.")
        self.removed += 1
        return super().remove(project, doomed, **told)
