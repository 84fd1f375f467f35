"""The inputs of a form: names, and rows of a sheet."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import QueryDict

from dispatch.configuring.forms import form_columns
from dispatch.configuring.rows import MOST_CELLS, Inputs, pasted, prefilled, sent
from tests.dispatch.configuring.conftest import SAREK_WITH_SHEET

COLUMNS = form_columns(SAREK_WITH_SHEET)
ROW = {"patient": "P1", "sample": "S1", "status": 1, "lane": "L1", "fastq_1": "a.fastq.gz"}


class TestNames:
    def test_what_is_ticked_and_what_is_added_is_chosen(self) -> None:
        form = QueryDict("offered=a&offered=b&offered=c&input=a&input=c&more=d%0D%0A%0D%0A+e+")

        assert sent((), form).chosen() == ["a", "c", "d", "e"]

    def test_what_is_unticked_stays_to_be_ticked_again(self) -> None:
        again = sent((), QueryDict("offered=a&offered=b&input=b")).settled()

        assert [(row.name, row.is_used) for row in again.rows({})] == [("a", False), ("b", True)]


class TestSheet:
    def test_a_name_becomes_the_row_of_that_sample(self) -> None:
        assert prefilled(COLUMNS, ["S1", "S2"]).chosen() == [{"sample": "S1"}, {"sample": "S2"}]

    def test_rows_come_back_as_they_were(self) -> None:
        assert prefilled(COLUMNS, [ROW]).chosen() == [ROW]

    def test_a_new_form_offers_empty_rows_that_ask_for_nothing(self) -> None:
        fresh = prefilled(COLUMNS, [])

        assert len(fresh.rows({})) == 3
        assert fresh.chosen() == []

    @pytest.mark.parametrize("mark", [",", "\t", ";"])
    def test_pasted_rows_are_read_by_the_columns_they_name(self, mark: str) -> None:
        lines = [["sample", "patient", "status", "lane"], ["S1", "P1", "1", "7"], ["S2", "P1", "", "x"]]

        assert pasted(COLUMNS, "\n".join(mark.join(line) for line in lines)) == [
            {"sample": "S1", "patient": "P1", "status": 1, "lane": 7},
            {"sample": "S2", "patient": "P1", "lane": "x"},
        ]

    @pytest.mark.parametrize(
        "text", ["sample\n" + "x" * 200_000, '"', "\x00", "a,b\n1,2,3,4", "\n\n", "one line"]
    )
    def test_what_is_no_sheet_crashes_nothing(self, text: str) -> None:
        assert isinstance(pasted(COLUMNS, text), list)

    def test_a_column_nobody_knows_is_kept_to_be_refused(self) -> None:
        assert pasted(COLUMNS, "patiend\nP1") == [{"patiend": "P1"}]

    def test_a_sheet_too_large_for_a_table_is_kept_as_text(self) -> None:
        many = [ROW | {"lane": f"L{number}"} for number in range(MOST_CELLS // len(COLUMNS) + 1)]

        found = prefilled(COLUMNS, many)

        assert found.rows({}) == []
        assert found.chosen() == many

    @pytest.mark.parametrize("count", ["", "-1", "x", "1e9", "99999999999999999999"])
    def test_a_wrong_number_of_rows_is_no_trouble(self, count: str) -> None:
        form = QueryDict(mutable=True)
        form["rows"] = count

        assert sent(COLUMNS, form).chosen() == []

    def test_faults_are_shown_at_the_row_they_are_about(self) -> None:
        inputs = Inputs(
            COLUMNS, [{"sample": "a"}, {}, {"sample": "b"}, {"sample": "c"}], [False, True, True, True]
        )
        told: dict[str, Any] = {"0": ["about b"], "1": ["about c"]}

        assert [row.faults for row in inputs.rows(told)] == [(), (), ("about b",), ("about c",)]
