"""Adoption over HTTP: proposals kept, decisions noted, what Magma answered, and whether it is so."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest
from pytest_django import Settings

from magma.client import disconnect
from magma.demo.naming import Naming
from magma.demo.warehouse import SEED
from magma.disconnected import restricted_names
from orphans.models import AuditEntry, Orphan, Review
from orphans.serializers import told_each
from orphans.services import showing
from orphans.services.adoption import MOST_REVISIONS, pieces, update_body
from orphans.states import Decision, Fate, OrphanStatus, ReviewStatus
from tests.orphans.test_review_views import browser, post, served  # noqa: F401 — a fixture
from tests.orphans.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("served")]

ONE, LION, HYDRA = "LABORS-VICTIM-000", "Nemean Lion Monster", "Lernean Hydra Monster"
STRAY, PATIENT = "DTL007.N1", "DTL007"


def orphan(record: str = ONE) -> Orphan:
    return Orphan.objects.get(record=record)


@pytest.fixture
def stray(world: World) -> Orphan:
    """A sample that lost its patient."""
    world.load({"sample": {STRAY: {"patient": None}}}, project="dt_lung")
    world.look("dt_lung")
    return orphan(STRAY)


@pytest.fixture
def naming(world: World) -> None:
    """The project has naming rules."""
    assert world.warehouse is not None
    world.warehouse.naming = Naming.read(SEED)


class TestProposals:
    def test_a_review_keeps_the_likely_parents_with_their_reasons(self, world: World, stray: Orphan) -> None:
        item = world.gathered(Orphan.objects.filter(pk=stray.pk)).items.get()

        first = item.proposals[0]
        assert (first["parent"], first["likely"]) == (PATIENT, True)
        assert f"Its name begins with {PATIENT}." in told_each(first["reasons"])

    def test_the_projects_naming_rules_come_first(self, world: World, stray: Orphan, naming: None) -> None:
        (first, *_) = browser("A:dt_lung").get(f"/api/v1/orphans/{stray.pk}/parents").json()["parents"]

        assert told_each(first["reasons"])[0] == f"By the project's naming rules it belongs to {PATIENT}."

    def test_a_restricted_parent_is_proposed_to_upper_case_roles_only(self, world: World) -> None:
        world.load({"monster": {LION: {"restricted": True}}})
        world.load({"victim": {"LABORS-VICTIM-002": {"monster": LION}}})
        world.database.run("UPDATE labors.victims SET monster_id = NULL WHERE name = 'LABORS-VICTIM-002'")
        Orphan.objects.filter(record=ONE).update(former_parent=LION)
        path = f"/api/v1/orphans/{orphan().pk}/parents"

        closed = [one["parent"] for one in browser("a:labors").get(path).json()["parents"]]
        shown = [one["parent"] for one in browser("A:labors").get(path).json()["parents"]]

        assert (LION in closed, LION in shown) == (False, True)

    def test_what_stands_below_a_restricted_record_is_restricted(self, world: World) -> None:
        world.load({"monster": {LION: {"restricted": True}}})
        world.load({"victim": {ONE: {"monster": LION}}})
        templates = world.magma.templates("labors")

        assert ONE in restricted_names(world.magma, "labors", templates, "victim")
        assert HYDRA not in restricted_names(world.magma, "labors", templates, "monster")


class TestOneClick:
    def test_it_notes_the_parent_and_gives_the_update_to_send(self, settings: Settings) -> None:
        settings.POLYPHEMUS_MAGMA_PUBLIC_URL = "https://magma.example.org"
        answer = post(f"orphans/{orphan().pk}/adopt", {"parent": LION})

        review = answer.json()
        assert (answer.status_code, review["decision"], review["status"]) == (201, "adopt", "done")
        assert review["updates"] == [
            {"project_name": "labors", "revisions": {"victim": {ONE: {"monster": LION}}}}
        ]
        assert review["magma"] == "https://magma.example.org"
        assert orphan().status == OrphanStatus.OPEN

    def test_what_magma_answered_is_kept_and_magma_looked_at(self, world: World) -> None:
        review = post(f"orphans/{orphan().pk}/adopt", {"parent": LION}).json()
        world.load(review["updates"][0]["revisions"])

        answer = post(f"reviews/{review['id']}/sent", {"status": 200, "said": ""}).json()

        assert answer["updates"] == []
        assert (answer["items"][0]["stands"], answer["items"][0]["new_parent"]) == ("adopted", LION)
        line = AuditEntry.objects.get(action="update sent")
        assert (line.actor, line.note) == ("curator@ucsf.edu", "Magma answered 200.")

    @pytest.mark.parametrize(
        ("body", "note"),
        [
            ({"status": 422, "said": "No such monster."}, "Magma answered 422. No such monster."),
            ({"status": 0, "said": "Failed to fetch"}, "The browser did not reach Magma. Failed to fetch"),
        ],
    )
    def test_a_refusal_is_kept_and_the_update_stays_to_be_sent(self, body: Any, note: str) -> None:
        review = post(f"orphans/{orphan().pk}/adopt", {"parent": "Nobody"}).json()

        answer = post(f"reviews/{review['id']}/sent", body).json()

        assert len(answer["updates"]) == 1
        assert AuditEntry.objects.get(action="update refused").note == note

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({}, "bad_status"),
            ({"status": "200"}, "bad_status"),
            ({"status": 1000}, "bad_status"),
            ({"status": 200, "said": 5}, "bad_said"),
        ],
    )
    def test_a_word_that_makes_no_sense_is_refused(self, body: Any, code: str) -> None:
        review = post(f"orphans/{orphan().pk}/adopt", {"parent": LION}).json()

        assert post(f"reviews/{review['id']}/sent", body).json()["code"] == code

    def test_only_an_adoption_is_sent(self, world: World) -> None:
        review = world.review(ONE)

        assert post(f"reviews/{review.pk}/sent", {"status": 200}).json()["code"] == "no_adoption"

    def test_one_that_has_a_parent_by_now_is_not_adopted_again(self, world: World) -> None:
        pk = orphan().pk
        world.load({"victim": {ONE: {"monster": HYDRA}}})

        answer = post(f"orphans/{pk}/adopt", {"parent": LION})

        assert (answer.status_code, answer.json()["code"]) == (HTTPStatus.CONFLICT, "no_orphan_any_more")
        assert Review.objects.get().status == ReviewStatus.CANCELLED

    def test_without_magma_it_says_so_and_leaves_no_review_behind(self, settings: Settings) -> None:
        settings.POLYPHEMUS_MAGMA_URL = "http://127.0.0.1:1"
        disconnect()

        answer = post(f"orphans/{orphan().pk}/adopt", {"parent": LION})

        assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert not Review.objects.unfinished().exists()

    def test_a_viewer_adopts_nothing(self) -> None:
        answer = post(f"orphans/{orphan().pk}/adopt", {"parent": LION}, "v:labors")

        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert not Review.objects.exists()

    def test_a_parent_must_be_named(self) -> None:
        assert post(f"orphans/{orphan().pk}/adopt", {"parent": " "}).json()["code"] == "parents_missing"


class TestMany:
    def test_all_are_adopted_under_their_likeliest_parent(self, world: World, stray: Orphan) -> None:
        world.load({"sample": {"DTL008.N1": {"patient": None}}}, project="dt_lung")
        review = world.review(STRAY, "DTL008.N1", project="dt_lung")

        review = world.decide(review, Decision.ADOPT, likeliest=True)

        parents = dict(review.items.values_list("orphan__record", "parent"))
        assert parents == {STRAY: PATIENT, "DTL008.N1": "DTL008"}

    def test_the_rest_stays_where_it_is_and_says_why(self, world: World) -> None:
        review = world.review(ONE, "LABORS-VICTIM-ORPHAN-A")

        review = world.decide(review, Decision.ADOPT, parents={orphan().pk: LION})

        left = review.items.get(orphan__record="LABORS-VICTIM-ORPHAN-A")
        assert (left.fate, left.fate_note) == (Fate.SPARED, "No parent was named.")

    def test_an_update_never_grows_too_large_for_magma(self) -> None:
        rows = {
            Orphan(pk=n, model="victim", record=f"V-{n}", parent_attribute="monster"): LION for n in range(3)
        }
        body = update_body("labors", rows)
        many = {"project_name": "labors", "revisions": {"victim": {f"V-{n}": {} for n in range(1201)}}}

        assert pieces(body) == [body]
        assert [len(one["revisions"]["victim"]) for one in pieces(many)] == [
            MOST_REVISIONS,
            MOST_REVISIONS,
            201,
        ]


class TestPage:
    def test_everything_below_is_shown_with_links_both_ways(self, world: World) -> None:
        world.load({"monster": {LION: {"labor": None}}})
        world.look()

        page = browser().get(f"/labors/orphans/{orphan(LION).pk}").content.decode()

        assert "linked from" in page
        assert HYDRA in page
        assert "Likely parents" in page

    def test_each_record_stands_as_deep_as_it_hangs(self, world: World) -> None:
        sight = showing.look(world.magma, orphan(), privileged=True)

        depths = {one.name.model: one.depth for one in sight.records}
        assert depths == {"victim": 0, "sidekick": 1, "wound": 1}

    def test_it_speaks_the_readers_language(self) -> None:
        page = browser().get(f"/labors/orphans/{orphan().pk}", headers={"Accept-Language": "de"})

        assert "Wartet auf eine Entscheidung" in page.content.decode()

    def test_what_changed_since_the_review_is_named(self, world: World) -> None:
        world.review(ONE)
        world.load({"victim": {ONE: {"weapon": "trident"}}})
        world.load({"wound": {"::new": {"victim": ONE, "location": "arm"}}})

        page = browser().get(f"/labors/orphans/{orphan().pk}").content.decode()

        assert "victim &#x27;LABORS-VICTIM-000&#x27; has changed." in page
        assert "is new." in page

    def test_restricted_values_and_records_are_for_other_eyes(self, world: World) -> None:
        path = f"/labors/orphans/{orphan().pk}"

        assert "country" not in browser("a:labors").get(path).content.decode()
        assert "country" in browser("A:labors").get(path).content.decode()

    def test_without_scripts_the_reviews_page_shows_what_to_post(self) -> None:
        answer = browser().post(f"/labors/orphans/{orphan().pk}", {"parent": LION}, follow=True)

        assert "What to post to Magma" in answer.content.decode()
        assert LION in answer.content.decode()

    def test_only_magma_may_be_written_to_from_it(self, settings: Settings) -> None:
        settings.POLYPHEMUS_MAGMA_PUBLIC_URL = "https://magma.example.org/below"

        answer = browser().get(f"/labors/orphans/{orphan().pk}")

        assert "connect-src 'self' https://magma.example.org" in answer["Content-Security-Policy"]
        assert "connect-src" not in browser().get("/labors/orphans")["Content-Security-Policy"]

    def test_without_magma_it_still_stands(self, settings: Settings) -> None:
        settings.POLYPHEMUS_MAGMA_URL = "http://127.0.0.1:1"
        disconnect()

        answer = browser().get(f"/labors/orphans/{orphan().pk}")

        assert answer.status_code == HTTPStatus.OK
        assert "Magma can&#x27;t be asked now" in answer.content.decode()

    def test_of_another_project_it_looks_unknown(self) -> None:
        assert browser("A:labors,dt_lung").get(f"/dt_lung/orphans/{orphan().pk}").status_code == 404


class TestParts:
    def test_every_orphan_of_a_review_can_be_read_group_by_group(self, world: World) -> None:
        review = world.review()
        group = max(review.items.all().groups(), key=lambda one: one["count"])
        query = {name: group[name] for name in ("model", "cause", "batch", "fate")}

        listed = browser().get(f"/api/v1/reviews/{review.pk}/items", query).json()
        page = browser().get(f"/labors/orphans/reviews/{review.pk}", query).content.decode()

        assert len(listed["items"]) == group["count"]
        assert all(one["record"] in page for one in listed["items"])

    def test_a_sample_has_something_of_every_group(self, world: World) -> None:
        world.load({"wound": {"::new": {"location": "arm"}}})
        review = world.review()

        assert {item.orphan.model for item in review.items.sample(2)} == {"victim", "wound"}

    def test_copies_of_a_project_are_listed_with_their_hashes(self, world: World) -> None:
        review = world.advance(world.decide(world.review(ONE), Decision.REMOVE))
        bundle = review.bundles.get()

        (listed,) = browser().get("/api/v1/bundles", {"project": "labors"}).json()["bundles"]
        page = browser().get("/labors/orphans/bundles").content.decode()

        assert (listed["sha256"], listed["review"]) == (bundle.sha256, review.pk)
        assert bundle.sha256 in page
        assert browser("A:dt_lung").get("/labors/orphans/bundles").status_code == HTTPStatus.NOT_FOUND

    def test_the_audit_leaves_as_csv_for_those_who_may_see_all_of_it(self, world: World) -> None:
        world.advance(world.decide(world.review(ONE), Decision.REMOVE))
        path = "/api/v1/orphans/audit?project=labors"

        lines = browser("A:labors").get(path).content.decode().splitlines()

        assert any("orphan removed" in line and ONE in line for line in lines)
        assert browser("a:labors").get(path).status_code == HTTPStatus.NOT_FOUND
        assert browser("E:labors").get(path).status_code == HTTPStatus.FORBIDDEN
