"""The list of orphans over HTTP: who may see it, and what it shows."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from orphans.models import Orphan, Review, ReviewItem
from orphans.states import Cause, Source
from tests.polyphemus_site.janus.tokens import public_key, token

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("janus_key", "victims")]


@pytest.fixture
def janus_key(settings: Settings) -> None:
    settings.POLYPHEMUS_JANUS_PUBLIC_KEY = public_key()
    settings.POLYPHEMUS_JANUS_URL = ""


@pytest.fixture
def victims(now: datetime) -> list[Orphan]:
    common = {
        "project": "labors",
        "model": "victim",
        "parent_attribute": "monster",
        "parent_model": "monster",
        "cause": Cause.LEFT_OUT,
        "found_by": Source.JOURNAL,
    }
    names = (("<img src=x onerror=alert(1)>", False), ("SECRET", True), ("V-3", False))
    rows = [
        Orphan(**common, record=name, restricted=restricted, found_at=now, last_seen_at=now)
        for name, restricted in names
    ]
    return Orphan.objects.bulk_create(rows)


def get(path: str, perm: str = "v:labors") -> Any:
    return Client(headers={"Authorization": f"Etna {token(perm=perm)}"}).get(path)


class TestOrphanList:
    def test_without_a_token_nothing_is_told(self) -> None:
        assert Client().get("/api/v1/orphans?project=labors").status_code == HTTPStatus.UNAUTHORIZED

    def test_a_viewer_sees_the_unrestricted_ones(self) -> None:
        answer = get("/api/v1/orphans?project=labors").json()

        assert [orphan["record"] for orphan in answer["orphans"]] == ["<img src=x onerror=alert(1)>", "V-3"]
        assert answer["card"] is None

    @pytest.mark.parametrize(("perm", "count"), [("e:labors", 2), ("a:labors", 2), ("A:labors", 3)])
    def test_editors_and_admins_get_one_suggestion_for_all_of_them(self, perm: str, count: int) -> None:
        card = get("/api/v1/orphans?project=labors", perm).json()["card"]

        assert card == {"title": "Orphan data review", "count": count, "models": {"victim": count}}

    @pytest.mark.parametrize(("perm", "may_decide"), [("v:labors", False), ("e:labors", True)])
    def test_it_says_how_many_there_are_and_whether_one_may_decide(self, perm: str, may_decide: bool) -> None:
        answer = get("/api/v1/orphans?project=labors&status=open", perm).json()
        last = answer["orphans"][-1]["id"]
        after = get(f"/api/v1/orphans?project=labors&after={last}", perm).json()

        assert (answer["count"], answer["may_decide"]) == (2, may_decide)
        assert (after["orphans"], after["count"]) == ([], 2)

    def test_a_tree_has_the_size_the_latest_review_saw(self, victims: list[Orphan], now: datetime) -> None:
        for records in (7, 3, 0):
            review = Review.objects.create(project="labors", created_by="a@ucsf.edu", created_at=now)
            ReviewItem.objects.create(review=review, orphan=victims[0], records=records)

        listed = get("/api/v1/orphans?project=labors").json()["orphans"]

        assert [one["records"] for one in listed] == [3, None]

    def test_an_upper_case_role_sees_the_restricted_one(self, victims: list[Orphan]) -> None:
        answer = get("/api/v1/orphans?project=labors", "V:labors").json()

        assert len(answer["orphans"]) == len(victims)

    def test_a_guest_is_refused(self) -> None:
        assert get("/api/v1/orphans?project=labors", "g:labors").json()["code"] == "forbidden"

    def test_another_project_looks_unknown(self) -> None:
        answer = get("/api/v1/orphans?project=labors", "a:dt_lung")

        assert (answer.status_code, answer.json()["code"]) == (HTTPStatus.NOT_FOUND, "not_found")

    def test_a_project_must_be_named(self) -> None:
        assert get("/api/v1/orphans").json()["code"] == "project_missing"

    @pytest.mark.parametrize(
        ("query", "code"),
        [("status=lost", "unknown_status"), ("cause=fate", "unknown_cause"), ("after=-1", "bad_after")],
    )
    def test_a_word_nobody_knows_is_refused(self, query: str, code: str) -> None:
        assert get(f"/api/v1/orphans?project=labors&{query}").json()["code"] == code


class TestOrphansPage:
    def test_names_are_shown_as_they_are_and_never_run(self) -> None:
        page = get("/labors/orphans").content.decode()

        assert "&lt;img src=x onerror=alert(1)&gt;" in page
        assert "<img src=x" not in page

    def test_the_restricted_one_is_not_counted_for_others(self) -> None:
        assert "SECRET" not in get("/labors/orphans").content.decode()

    def test_a_project_with_none_says_so(self) -> None:
        assert "No orphans here." in get("/dt_lung/orphans", "v:dt_lung").content.decode()
