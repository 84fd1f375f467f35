"""Ten thousand orphans stay usable: statements are counted, and requests to Magma."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from http import HTTPStatus
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from magma.client import Magma
from orphans.models import Orphan, Review, ReviewItem
from orphans.services import discovery, reviews
from orphans.services.moves import By
from orphans.states import Cause, Fate, ReviewStatus, Source
from tests.bench.computing import both_cpu
from tests.bench.large_warehouse import large_warehouse
from tests.magma.demo_fixture import RunningWarehouse
from tests.orphans.test_discovery import told
from tests.polyphemus_site.janus.tokens import public_key, token

pytestmark = pytest.mark.django_db

MANY = 10_000
LION = "Nemean Lion Monster"


@pytest.fixture
def review(settings: Settings, now: datetime) -> Review:
    settings.POLYPHEMUS_JANUS_PUBLIC_KEY = public_key()
    settings.POLYPHEMUS_JANUS_URL = ""
    settings.POLYPHEMUS_MAGMA_URL = ""
    common: dict[str, Any] = {
        "project": "labors",
        "model": "victim",
        "parent_attribute": "monster",
        "parent_model": "monster",
        "cause": Cause.LEFT_OUT,
        "found_by": Source.SWEEP,
        "found_at": now,
        "last_seen_at": now,
    }
    _count_what_was_emptied(common, now)
    Orphan.objects.bulk_create(
        (Orphan(**common, record=f"V-{number}", batch=f"entry {number % 60}") for number in range(MANY)),
        batch_size=2000,
    )
    review = reviews.create(project="labors", orphans=Orphan.objects.all(), by=By("x", now))
    review.items.update(records=1, **seen_of("V-1"))
    Review.objects.filter(pk=review.pk).update(status=ReviewStatus.OPEN, records=MANY)
    review.refresh_from_db()
    return review


def _count_what_was_emptied(common: dict[str, Any], now: datetime) -> None:
    """The planner's worst case: statistics of tables that had rows and have none."""
    orphan = Orphan.objects.create(**common, record="V-0")
    review = Review.objects.create(project="labors", created_by="x", created_at=now)
    for row in (ReviewItem.objects.create(review=review, orphan=orphan), review, orphan):
        row.delete()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE orphans_orphan, orphans_reviewitem")


def seen_of(record: str) -> dict[str, Any]:
    """As much as a gathered item holds."""
    reason = "The journal last saw it under the lion."
    likely = {"parent": "lion", "score": 100, "likely": True, "reasons": [reason], "restricted": False}
    return {
        "shape": {"victim": 1},
        "document": {"name": record} | {f"attribute_{number}": number for number in range(12)},
        "seen": [["victim", record, "ab" * 32, None]],
        "proposals": [likely] * 5,
    }


def admin() -> Client:
    return Client(headers={"Authorization": f"Etna {token(perm='A:labors')}"})


class TestTenThousand:
    def test_the_reviews_page_takes_ten_statements_at_most(
        self, review: Review, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_max_num_queries(10):
            page = admin().get(f"/labors/orphans/reviews/{review.pk}")

        assert page.status_code == HTTPStatus.OK
        assert f"remove {MANY}" in page.content.decode()

    @pytest.mark.parametrize("place", ["", "?model=victim&fate=pending&batch=entry 7"])
    def test_the_reviews_page_takes_300_ms_of_our_time_at_most(self, review: Review, place: str) -> None:
        client = admin()
        address = f"/labors/orphans/reviews/{review.pk}{place}"
        client.get(address)

        seconds = min(both_cpu(lambda: client.get(address)) for _ in range(9))  # others' load only adds

        assert seconds <= 0.3

    def test_the_list_takes_ten_statements_at_most(
        self, review: Review, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_max_num_queries(10):
            assert admin().get("/labors/orphans").status_code == HTTPStatus.OK

    def test_keeping_them_all_keeps_them_all(self, review: Review) -> None:
        answer = admin().post(
            f"/api/v1/reviews/{review.pk}/decide",
            {"decision": "keep", "reason": "controls"},
            content_type="application/json",
        )

        assert answer.json()["fates"] == {Fate.KEPT: MANY}


def test_a_look_asks_one_question_a_model(
    magma: Magma, today: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    send = magma.wire.send

    def counted(*args: Any, **kwargs: Any) -> Any:
        asked.append(args)
        return send(*args, **kwargs)

    monkeypatch.setattr(magma.wire, "send", counted)

    search = discovery.search(magma, "labors", source=Source.SWEEP, now=today)

    assert search.found > 0
    assert len(asked) == 1 + len(search.models_read)


def test_a_hundred_orphans_among_a_hundred_thousand_records_cost_one_question_a_model(
    today: datetime,
) -> None:
    with large_warehouse(100_000) as large, closing(Magma(url=large.url, token="a.b.c")) as reader:
        large.control("disconnect", model="specimen", numbers=list(range(0, 100_000, 1000)))
        before = large.control("account")["calls"]

        search = discovery.search(reader, "large", source=Source.SWEEP, now=today)

        asked = large.control("account")["calls"] - before - 1
        assert (search.found, search.models_read) == (100, ["specimen", "subject"])
        assert asked == 1 + len(search.models_read)


def test_of_the_parents_the_journal_names_one_more_question_tells_which_are_restricted(
    magma: Magma, warehouse: RunningWarehouse, today: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"V-{number}" for number in range(100)]
    for parent in (LION, None):
        revisions = {"victim": {name: {"monster": parent} for name in names}}
        warehouse.load(revisions, project="labors")
        told(revisions, now=today)
    asked: list[str] = []
    query = magma.query

    def counted(project: str, path: list[Any], **options: Any) -> Any:
        asked.append(str(path))
        return query(project, path, **options)

    monkeypatch.setattr(magma, "query", counted)

    search = discovery.search(magma, "labors", source=Source.SWEEP, now=today)

    assert Orphan.objects.filter(former_parent=LION).count() == len(names)
    assert len(asked) == len(search.models_read) + 1
    assert sum(LION in one for one in asked) == 1
