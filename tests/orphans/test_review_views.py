"""Reviews over HTTP, from the ticked orphan to the bodies that undo the removal."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from dispatch.services import requests
from magma.client import disconnect
from orphans import access
from orphans.models import Orphan, Review
from orphans.services.moves import By, note_review
from orphans.states import Decision, OrphanStatus, ReviewStatus
from polyphemus_site.janus.people import Person
from polyphemus_site.janus.roles import read_permissions
from polyphemus_site.sentences import say
from tests.conftest import NOON
from tests.orphans.world import World
from tests.polyphemus_site.janus.tokens import public_key, token

pytestmark = pytest.mark.django_db

ONE, BARE = "LABORS-VICTIM-000", "LABORS-VICTIM-ORPHAN-A"


@pytest.fixture(autouse=True)
def served(settings: Settings, world: World) -> Iterator[None]:
    settings.POLYPHEMUS_JANUS_PUBLIC_KEY = public_key()
    settings.POLYPHEMUS_JANUS_URL = ""
    settings.POLYPHEMUS_MAGMA_URL = world.url
    settings.POLYPHEMUS_MAGMA_TOKEN = world.token("V:labors,dt_lung")
    settings.POLYPHEMUS_JANUS_EMAIL = ""
    world.look()
    yield
    disconnect()


def browser(perm: str = "A:labors", email: str = "curator@ucsf.edu", **claims: Any) -> Client:
    return Client(headers={"Authorization": f"Etna {token(email, perm, **claims)}"})


def post(path: str, body: Any, perm: str = "A:labors", **claims: Any) -> Any:
    return browser(perm, **claims).post(f"/api/v1/{path}", body, content_type="application/json")


def orphan(record: str = ONE) -> Orphan:
    return Orphan.objects.get(record=record)


def begun(*records: str, perm: str = "A:labors") -> Any:
    ids = [orphan(record).pk for record in records or (ONE,)]
    return post("reviews", {"project": "labors", "orphans": ids}, perm)


class TestBegin:
    def test_it_shows_everything_below_and_what_to_type(self) -> None:
        answer = begun().json()

        assert (answer["status"], answer["records"], answer["confirm"]) == ("open", 3, "remove 3")
        assert answer["items"][0]["shape"] == {"victim": 1, "wound": 1, "sidekick": 1}

    def test_a_filter_selects_as_well_as_a_list(self) -> None:
        answer = post("reviews", {"project": "labors", "model": "victim"}).json()

        assert answer["orphans"] == Orphan.objects.filter(model="victim").count()

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({}, "project_missing"),
            ({"project": "labors", "orphans": "all"}, "bad_orphans"),
            ({"project": "labors", "orphans": [True]}, "bad_orphans"),
            ({"project": "labors", "orphans": []}, "no_orphans"),
            ({"project": "labors", "orphans": [10**12]}, "no_orphans"),
            ([], "not_an_object"),
        ],
    )
    def test_a_body_that_makes_no_sense_is_refused(self, body: Any, code: str) -> None:
        assert post("reviews", body).json()["code"] == code

    @pytest.mark.parametrize(
        ("perm", "needs_two", "rights"),
        [
            ("v:labors", False, (False, False, True)),
            ("E:labors", False, (True, False, True)),
            ("A:labors", False, (True, True, False)),
            ("A:labors", True, (True, True, True)),
            ("a:labors", False, (True, True, True)),  # the country of a victim is for upper-case roles
        ],
    )
    def test_it_says_what_one_may_decide_and_whether_alone(
        self, settings: Settings, perm: str, needs_two: bool, rights: tuple[bool, ...]
    ) -> None:
        settings.POLYPHEMUS_REMOVAL_NEEDS_TWO = needs_two
        pk = begun().json()["id"]
        answer = browser(perm).get(f"/api/v1/reviews/{pk}").json()

        assert (answer["may_decide"], answer["may_remove"], answer["needs_second"]) == rights

    def test_a_task_token_may_not_remove(self) -> None:
        review = Review.objects.get(pk=begun().json()["id"])
        task = Person("a@ucsf.edu", roles=read_permissions("A:labors"), is_task=True)

        assert not access.rights(task, review)["may_remove"]

    def test_a_viewer_may_not_begin(self) -> None:
        assert begun(perm="v:labors").json()["code"] == "forbidden"

    def test_an_editor_never_gets_a_restricted_attribute(self) -> None:
        document = begun(perm="e:labors").json()["items"][0]["document"]

        assert "country" not in document
        assert "weapon" in document

    def test_a_request_about_it_blocks_its_removal(self, world: World) -> None:
        requests.submit(
            analysis="autopsy",
            project="labors",
            inputs=[ONE],
            requester="dr.who@ucsf.edu",
            name="an_autopsy",
            subjects=[("victim", ONE, "")],
            now=world.by.now,
        )

        item = begun().json()["items"][0]

        assert any("an_autopsy" in said for said in item["blockers"])


class TestRepeats:
    def test_begun_twice_under_one_key_it_is_one_review(self) -> None:
        body, key = {"project": "labors", "orphans": [orphan().pk]}, {"Idempotency-Key": "a-click"}

        answers = [
            browser().post("/api/v1/reviews", body, content_type="application/json", headers=key)
            for _ in range(2)
        ]

        assert answers[0].content == answers[1].content
        assert Review.objects.count() == 1

    def test_decided_twice_under_one_key_it_is_decided_once_and_answered_alike(self) -> None:
        path, key = f"/api/v1/reviews/{begun().json()['id']}/decide", {"Idempotency-Key": "a-click"}
        body = {"decision": "remove", "confirm": "remove 3"}

        answers = [browser().post(path, body, content_type="application/json", headers=key) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [HTTPStatus.OK] * 2
        assert answers[0].content == answers[1].content


class TestDecide:
    def test_a_removal_is_approved_and_afterwards_undone_by_hand(
        self, world: World, django_capture_on_commit_callbacks: Any
    ) -> None:
        pk = begun().json()["id"]
        with django_capture_on_commit_callbacks():
            decided = post(f"reviews/{pk}/decide", {"decision": "remove", "confirm": "remove 3"}).json()
        world.advance(Review.objects.get(pk=pk))

        undo = browser().get(f"/api/v1/reviews/{pk}/undo").json()
        bundle = browser().get(f"/api/v1/reviews/{pk}/bundles/1")

        assert decided["status"] == "approved"
        assert list(undo["updates"][0]["revisions"]["victim"]) == [ONE]
        assert bundle.json()["format"] == "polyphemus-bundle/1"

    def test_an_adoption_answers_with_the_body_to_post(self) -> None:
        pk = begun().json()["id"]

        answer = post(
            f"reviews/{pk}/decide",
            {"decision": "adopt", "parents": {str(orphan().pk): "Nemean Lion Monster"}},
        ).json()

        assert answer["updates"] == [
            {
                "project_name": "labors",
                "revisions": {"victim": {ONE: {"monster": "Nemean Lion Monster"}}},
            }
        ]

    @pytest.mark.parametrize(
        ("said", "code"),
        [
            ({}, "unknown_decision"),
            ({"decision": "destroy"}, "unknown_decision"),
            ({"decision": ["remove"]}, "bad_decision"),
            ({"decision": "remove"}, "not_confirmed"),
            ({"decision": "keep"}, "reason_missing"),
            ({"decision": "later", "until": "soon"}, "bad_until"),
            ({"decision": "adopt", "parents": ["x"]}, "bad_parents"),
            ({"decision": "approve"}, "already_decided"),
        ],
    )
    def test_what_can_not_be_said_now_is_refused(self, said: Any, code: str) -> None:
        pk = begun().json()["id"]

        assert post(f"reviews/{pk}/decide", said).json()["code"] == code
        assert orphan().status == OrphanStatus.OPEN

    def test_an_editors_removal_waits_for_an_admin(self) -> None:
        pk = begun().json()["id"]

        answer = post(
            f"reviews/{pk}/decide", {"decision": "remove", "confirm": "remove 3"}, "e:labors"
        ).json()

        assert answer["status"] == "proposed"

    def test_a_task_token_never_removes(self, settings: Settings) -> None:
        pk = begun().json()["id"]
        said = {"decision": "remove", "confirm": "remove 3"}

        answer = post(f"reviews/{pk}/decide", said, task=True)

        assert answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
        assert orphan().status == OrphanStatus.OPEN

    def test_strangers_see_no_review(self) -> None:
        pk = begun().json()["id"]

        assert post(f"reviews/{pk}/decide", {"decision": "cancel"}, "A:dt_lung").json()["code"] == "not_found"

    def test_nobody_decides_on_a_restricted_orphan_they_may_not_see(self, world: World) -> None:
        world.load({"victim": {BARE: {"restricted": True}}})
        world.look()
        pk = begun(BARE).json()["id"]

        answer = post(f"reviews/{pk}/decide", {"decision": "keep", "reason": "no"}, "a:labors")

        assert answer.status_code == HTTPStatus.NOT_FOUND

    def test_a_copy_with_restricted_values_is_for_privileged_admins_only(self, world: World) -> None:
        review = world.advance(world.decide(world.review(ONE), Decision.REMOVE))

        plain = browser("a:labors").get(f"/api/v1/reviews/{review.pk}/bundles/1")
        privileged = browser("A:labors").get(f"/api/v1/reviews/{review.pk}/bundles/1")

        assert (plain.status_code, privileged.status_code) == (HTTPStatus.NOT_FOUND, HTTPStatus.OK)


class TestPages:
    def test_ticked_orphans_are_reviewed_and_kept(self) -> None:
        admin = browser()
        started = admin.post("/labors/orphans/reviews", {"orphan": [orphan().pk]})
        page = admin.get(started["Location"])

        done = admin.post(started["Location"], {"decision": "keep", "reason": "a control"}, follow=True)

        assert "To remove, type: remove 3" in page.content.decode()
        assert done.status_code == HTTPStatus.OK
        assert orphan().reason == "a control"

    def test_history_is_told_in_the_readers_language(self) -> None:
        review = begun().json()["id"]
        post(f"reviews/{review}/decide", {"decision": "keep", "reason": "Still needed"})
        note_review(Review.objects.get(), action="update refused", by=By("curator@ucsf.edu", NOON))

        german = {"Accept-Language": "de"}
        page = browser().get(f"/labors/orphans/reviews/{review}", headers=german).content.decode()
        single = browser().get(f"/labors/orphans/{orphan().pk}", headers=german).content.decode()

        assert "curator@ucsf.edu: Fertig" in page
        assert "curator@ucsf.edu: Änderung abgelehnt" in page
        assert "curator@ucsf.edu: Mit Absicht behalten" in single

    def test_what_was_kept_of_a_review_is_told_in_the_readers_language(self) -> None:
        requests.submit(
            analysis="autopsy",
            project="labors",
            inputs=[ONE],
            subjects=[("victim", ONE, "")],
            requester="dr.who@ucsf.edu",
            name="an_autopsy",
            now=NOON,
        )
        review = begun().json()["id"]
        Review.objects.update(trouble=say("Magma has no model %(model)s.") % {"model": "victim"})

        german, english = browser(), browser()
        german.defaults["HTTP_ACCEPT_LANGUAGE"] = "de"
        page = german.get(f"/labors/orphans/reviews/{review}").content.decode()
        answer = german.get(f"/api/v1/reviews/{review}").json()

        assert "Magma hat kein Modell victim." in page
        assert "Der Auftrag an_autopsy betrifft den Datensatz: Offen für Gebote." in page
        assert (answer["trouble"], answer["status_text"]) == (
            "Magma hat kein Modell victim.",
            "Bereit zur Entscheidung",
        )
        assert english.get(f"/api/v1/reviews/{review}").json()["trouble"] == "Magma has no model victim."

    def test_a_refusal_loses_nothing_that_was_typed(self) -> None:
        admin = browser()
        started = admin.post("/labors/orphans/reviews", {"orphan": [orphan().pk]})

        page = admin.post(
            started["Location"], {"decision": "remove", "confirm": "remove 4", "reason": "typo"}
        )

        assert page.status_code == HTTPStatus.BAD_REQUEST
        assert 'value="remove 4"' in page.content.decode()
        assert 'value="typo"' in page.content.decode()

    def test_without_magma_the_page_still_stands(self, settings: Settings) -> None:
        admin = browser()
        started = admin.post("/labors/orphans/reviews", {"orphan": [orphan().pk]})
        settings.POLYPHEMUS_MAGMA_URL = "http://127.0.0.1:1"

        assert admin.get(started["Location"]).status_code == HTTPStatus.OK

    def test_a_get_decides_nothing(self) -> None:
        admin = browser()
        started = admin.post("/labors/orphans/reviews", {"orphan": [orphan().pk]})

        admin.get(f"{started['Location']}?decision=remove&confirm=remove%203")

        assert Review.objects.get().status == ReviewStatus.OPEN


class TestAdmin:
    @pytest.mark.parametrize("model", ["orphan", "review", "bundle", "search", "auditentry"])
    def test_project_admins_read_every_list(self, world: World, model: str) -> None:
        world.advance(world.approved(BARE))

        page = browser("A:labors").get(f"/admin/orphans/{model}/")

        assert page.status_code == HTTPStatus.OK

    def test_the_selected_go_to_one_review(self) -> None:
        ids = list(Orphan.objects.filter(model="victim").values_list("pk", flat=True))

        answer = browser("A:labors").post(
            "/admin/orphans/orphan/", {"action": "begin_review", "_selected_action": ids}
        )

        review = Review.objects.get()
        assert answer["Location"] == f"/labors/orphans/reviews/{review.pk}"
        assert review.orphans == len(ids)

    def test_restricted_orphans_are_not_listed_for_lower_case_admins(self, world: World) -> None:
        world.load({"victim": {"SECRET": {"restricted": True}}})
        world.look()

        assert "SECRET" not in browser("a:labors").get("/admin/orphans/orphan/").content.decode()
        assert "SECRET" in browser("A:labors").get("/admin/orphans/orphan/").content.decode()
