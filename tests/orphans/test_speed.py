"""Ten thousand orphans stay usable: statements are counted, and requests to Magma."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from magma.client import Magma
from orphans.models import Orphan, Review, ReviewItem
from orphans.services import discovery
from orphans.states import Cause, Fate, ReviewStatus, Source
from tests.polyphemus_site.janus.tokens import public_key, token

pytestmark = pytest.mark.django_db

MANY = 10_000


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
    orphans = Orphan.objects.bulk_create(
        (Orphan(**common, record=f"V-{number}") for number in range(MANY)), batch_size=2000
    )
    review = Review.objects.create(
        project="labors", status=ReviewStatus.OPEN, created_by="x", created_at=now, orphans=MANY, records=MANY
    )
    ReviewItem.objects.bulk_create(
        (
            ReviewItem(review=review, orphan=orphan, records=1, shape={"victim": 1}, document={"name": "V"})
            for orphan in orphans
        ),
        batch_size=2000,
    )
    return review


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
