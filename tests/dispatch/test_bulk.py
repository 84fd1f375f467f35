"""Lists written by the database are the documents, byte for byte."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.renderers import JSONRenderer

from dispatch import bulk, documents
from dispatch.bulk import Shelf
from dispatch.models import AnalysisRequest
from dispatch.services import requests
from tests.dispatch.conftest import Submit, bid, fresh

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def rendered(rows: list[AnalysisRequest]) -> bytes:
    return bytes(JSONRenderer().render([documents.v1(fresh(row)) for row in rows]))


class TestDocumentsOf:
    def test_requests_in_every_state_read_alike(
        self, submit: Submit, deferred: AnalysisRequest, analyst: str, requester: str, now: datetime
    ) -> None:
        taken, ended, open_still = submit(name="taken"), submit(name="ended"), submit(name="open")
        bid(taken, analyst, now=now + timedelta(seconds=52.999999))
        requests.cancel(ended, actor=requester, now=now)

        text, following = bulk.documents_of(AnalysisRequest.objects.all(), limit=10)

        assert text == rendered([deferred, taken, ended, open_still])
        assert following is None

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(inputs=st.lists(TEXT, max_size=3), params=st.dictionaries(TEXT, JSON, max_size=3))
    def test_whatever_is_asked_for_reads_alike(
        self, submit: Submit, inputs: list[str], params: dict[str, object]
    ) -> None:
        row = AnalysisRequest.objects.filter(pk=submit().pk)
        row.update(config={"project": "dt_lung", "inputs": inputs, "params": params})

        text, _ = bulk.documents_of(row, limit=1)

        assert text == rendered(list(row))

    def test_one_row_more_tells_that_more_follows(self, submit: Submit) -> None:
        rows = [submit(name=f"request_{number}") for number in range(3)]

        assert bulk.documents_of(AnalysisRequest.objects.all(), limit=2)[1] == rows[1].pk
        assert bulk.documents_of(AnalysisRequest.objects.all(), limit=3)[1] is None

    def test_nothing_is_an_empty_list(self, db: None) -> None:
        assert bulk.documents_of(AnalysisRequest.objects.all(), limit=3) == (b"[]", None)


class TestShelf:
    def test_the_same_bytes_are_made_once(self) -> None:
        shelf, pages = Shelf(), iter([b"first", b"second"])

        answers = [shelf.get("tag", lambda: next(pages)) for _ in range(3)]

        assert answers == [b"first"] * 3

    @pytest.mark.parametrize(("last", "size"), [(b"x" * 40, 80), (b"x" * 200, 0)])
    def test_the_longest_unused_is_given_up(self, last: bytes, size: int) -> None:
        shelf = Shelf(most_bytes=100)

        shelf.get("old", lambda: b"x" * 40)
        shelf.get("new", lambda: b"x" * 40)
        shelf.get("last", lambda: last)

        assert shelf.size == size
        assert "old" not in shelf.kept
