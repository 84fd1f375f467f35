from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magma.questions import (
    QueryQuestion,
    RetrieveQuestion,
    UnknownQuestionError,
    changed_after,
    has,
    instant,
    is_one_of,
    lacks,
    term,
)

SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)
NAMES = st.text(max_size=8) | st.lists(st.text(max_size=8) | st.integers(0, 99), max_size=3)
SHARED: dict[str, st.SearchStrategy[Any]] = {
    "project_name": st.text(max_size=8),
    "page": st.integers(-1, 9) | st.text(max_size=2),
    "page_size": st.integers(-1, 9),
    "order": st.text(max_size=8),
    "show_disconnected": st.booleans() | st.text(max_size=5),
    "format": st.just("tsv"),
}
RETRIEVES = st.fixed_dictionaries(
    {},
    optional=SHARED
    | {
        "model_name": st.text(max_size=8),
        "record_names": NAMES,
        "attribute_names": NAMES,
        "filter": st.text(max_size=8) | st.lists(st.text(max_size=8), max_size=3),
        "hide_templates": st.booleans(),
        "collapse_tables": st.booleans(),
        "output_predicate": st.text(max_size=8),
    },
)
QUERIES = st.fixed_dictionaries({}, optional=SHARED | {"query": JSON, "user_columns": JSON})

ONE_O_CLOCK = datetime(2026, 11, 23, 1, 37, 1, 999_999, tzinfo=timezone(timedelta(hours=-7)))


class TestAQuestion:
    @given(body=RETRIEVES)
    def test_to_retrieve_is_its_body_again(self, body: dict[str, Any]) -> None:
        assert RetrieveQuestion.parse(body).to_body() == body

    @given(body=QUERIES)
    def test_to_query_is_its_body_again(self, body: dict[str, Any]) -> None:
        assert QueryQuestion.parse(body).to_body() == body

    @pytest.mark.parametrize("body", [{"query": [], "frobnicate": 1}, {"model_name": "x"}, {"revisions": {}}])
    def test_has_no_keys_of_others(self, body: dict[str, Any]) -> None:
        with pytest.raises(UnknownQuestionError):
            QueryQuestion.parse(body)

    @pytest.mark.parametrize(
        ("page", "page_size", "is_paged"),
        [(1, 3, True), (2, None, False), (None, 3, False), (None, None, False)],
    )
    def test_is_paged_only_with_both_numbers(
        self, page: int | None, page_size: int | None, is_paged: bool
    ) -> None:
        assert RetrieveQuestion(page=page, page_size=page_size).is_paged is is_paged


class TestAnInstant:
    def test_is_said_in_utc_and_whole_seconds_without_an_offset(self) -> None:
        assert instant(ONE_O_CLOCK) == "2026-11-23T08:37:01"

    def test_needs_a_time_zone(self) -> None:
        with pytest.raises(ValueError, match="time zone"):
            instant(ONE_O_CLOCK.replace(tzinfo=None))


class TestAFilter:
    def test_of_retrieve_is_one_term(self) -> None:
        assert term("updated_at", ">", ONE_O_CLOCK) == "updated_at>2026-11-23T08:37:01"
        assert term("name", "[]", "a,b") == "name[]a,b"

    @pytest.mark.parametrize("operator", [">=", "<=", "==", ""])
    def test_of_retrieve_refuses_what_magma_misreads(self, operator: str) -> None:
        with pytest.raises(ValueError, match="can't filter"):
            term("number", operator, 10)

    def test_of_query_is_a_list(self) -> None:
        assert has("stats") == ["::has", "stats"]
        assert lacks("monster") == ["::lacks", "monster"]
        assert is_one_of(["a", 2]) == ["::identifier", "::in", ["a", 2]]

    def test_of_query_lets_in_the_whole_second_and_the_one_before(self) -> None:
        noon = datetime(2026, 5, 4, 12, 0, 0, 500, tzinfo=UTC)

        assert changed_after(noon) == ["updated_at", "::>", "2026-05-04T11:59:59"]
