"""/query, where no recording says it already."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from magma.demo.answers import Reply
from tests.magma.demo.conftest import Ask

Query = Callable[..., Any]
Replies = Callable[..., Reply]


def refusal(reply: Reply) -> tuple[int, Any]:
    return reply.status, json.loads(reply.body)


def test_a_collection_inside_a_table_gives_names_and_values(query: Query) -> None:
    column = ["sample", "::all", "exome", "::all", "raw_fastqs", "::path"]
    answer = query("patient", ["ipi_number", "::equals", "DTL002"], "::all", [column], project_name="dt_lung")

    exomes = [[f"DTL002.{kind}", [[f"DTL002.{kind}.exome", None]]] for kind in ("N1", "T1")]
    assert answer == [["DTL002", [exomes]]]


def test_a_collection_outside_a_table_fails_as_magma_does(reply: Replies) -> None:
    answer = reply("/query", query=["monster", "::all", "victim", "::all", "::identifier"])

    assert refusal(answer) == (500, {"error": "Server error."})


def test_links_can_be_filtered_through(query: Query) -> None:
    assert query("victim", ["monster", "species", "::equals", "lion"], "::count") > 0
    assert query("victim", ["monster", "labor", "number", "::=", 99], "::count") == 0


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        (["worth", "::>", 2], 2),
        (["worth", "::!=", 6], 2),
        (["worth", "::in", [2, 5]], 2),
        (["worth", "::notin", [2, 5]], 1),
        (["name", "::not", "claws"], 2),
        (["name", "::not", ["claws", "hide"]], 1),
        (["::or", ["worth", "::=", 6], ["name", "::matches", "^poi"]], 2),
        (["::and", ["worth", "::<=", 6], ["name", "::matches", "i"]], 2),
        (["id", "::in", [1, 2]], 2),
        (["created_at", "::<", "2020-01-01"], 0),
    ],
)
def test_columns_can_be_compared(query: Query, condition: list[Any], count: int) -> None:
    assert query("prize", condition, "::count") == count


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        (["::or", ["::has", "prize"], ["number", "::=", 5]], []),
        (["::or", ["::has", "prize"], ["number", "::<", 3]], ["Lernean Hydra", "Nemean Lion"]),
        (
            ["::or", ["::and", ["::has", "prize"], ["number", "::=", 1]], ["number", "::=", 2]],
            ["Lernean Hydra", "Nemean Lion"],
        ),
        (["::or", ["::lacks", "prize"], ["number", "::=", 1]], 11),
    ],
)
def test_whoever_has_none_of_other_records_is_kept_from_a_whole_or(
    query: Query, condition: list[Any], names: list[str] | int
) -> None:
    """Magma joins what `::has` is about, as if it were asked beside the `::or`."""
    found = [name for name, _ in query("labor", condition, "::all", "::identifier")]

    assert (found if isinstance(names, list) else len(found)) == names


@pytest.mark.parametrize(
    ("verb", "operand", "count"),
    [("::>", "9", 2), ("::<=", "9", 2), ("::>", "soon", 3), ("::<", "0", 0), ("::>", "9 and more", 2)],
)
def test_of_texts_only_digits_are_numbers(
    query: Query, update: Callable[..., Any], verb: str, operand: str, count: int
) -> None:
    texts = ["9", "10", "10.5", "-1", "1e3", "ten", "", "0"]
    names = [f"LABORS-VICTIM-{number:03}" for number in range(10, 18)]
    update(victim={name: {"weapon": text} for name, text in zip(names, texts, strict=True)})

    assert query("victim", ["::identifier", "::in", names], ["weapon", verb, operand], "::count") == count


def test_a_truth_that_is_asked_nothing_lets_all_through(query: Query) -> None:
    assert query("labor", ["completed"], "::count") == 12


@pytest.mark.parametrize("verb", ["::or", "::and"])
def test_an_operator_of_nothing_but_other_records_is_refused(reply: Replies, verb: str) -> None:
    answer = reply("/query", query=["labor", [verb, ["::has", "prize"], ["::has", "monster"]], "::count"])

    sentence = f"The {verb[2:].upper()} operator requires at least 1 argument"
    assert refusal(answer) == (422, {"errors": [sentence]})


def test_a_lower_case_role_is_told_whether_a_restricted_attribute_is_there(ask: Ask) -> None:
    body = {"query": ["victim", ["::has", "country"], "::count"]}

    assert ask("/query", "v:labors", **body)["answer"] > 0


@pytest.mark.parametrize(("verb", "count"), [("::true", 9), ("::false", 3), ("::untrue", 3), ("::nil", 0)])
def test_truths_can_be_told_apart(query: Query, verb: str, count: int) -> None:
    assert query("labor", ["completed", verb], "::count") == count


@pytest.mark.parametrize(
    ("verb", "names"),
    [("::any", ["Lernean Hydra", "Nemean Lion"]), ("::every", ["Lernean Hydra"])],
)
def test_lists_can_be_filtered_by_some_or_all_of_their_rows(
    query: Query, verb: str, names: list[str]
) -> None:
    answer = query("labor", ["prize", ["worth", "::>", 2], verb], "::all", "::identifier")

    assert [name for name, _ in answer] == names


def test_any_every_first_and_distinct_make_one_answer_of_many(query: Query) -> None:
    assert query("prize", ["worth", "::>", 5], "::any") is True
    assert query("prize", ["worth", "::>", 5], "::every") is False
    assert query("prize", "::first", "name") == "hide"
    assert sorted(query("characteristic", "::distinct", "name")) == ["difficulty"]


def test_a_matrix_can_be_sliced(query: Query) -> None:
    answer = query("labor", ["number", "::=", 1], "::all", "contributions", "::slice", ["Athens", "Thebes"])

    assert answer == [["Nemean Lion", [0, 20]]]


def test_a_file_collections_digests_follow_its_files(query: Query, update: Callable[..., Any]) -> None:
    def digests() -> Any:
        path = ["raw_fastqs", "::md5"]
        return query("exome", ["::has", "raw_fastqs"], "::all", *path, project_name="dt_lung")[0][1]

    before = digests()
    again = [{"path": f"metis://dt_lung/again/R{mate}.fastq.gz", "original_filename": "R"} for mate in (1, 2)]
    update("dt_lung", exome={"DTL001.T1.exome": {"raw_fastqs": again}})

    assert len(set(before + digests())) == 4


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        (["labor"], "Expected an argument to Magma::StartPredicate"),
        (["labor", "::all"], "Expected an argument to Magma::RecordPredicate"),
        (["labor", "::all", "number", "::nope"], "::nope is not a valid argument to Magma::NumberPredicate"),
        (
            ["labor", ["name", "::nope"], "::count"],
            "::nope is not a valid argument to Magma::StringPredicate",
        ),
        (["labor", ["year", "::>", "soon"], "::count"], "invalid date"),
        (["labor", ["year", "::>", "2026-02-30"], "::count"], "invalid date"),
    ],
)
def test_what_it_does_not_understand_is_named(reply: Replies, question: list[Any], sentence: str) -> None:
    assert refusal(reply("/query", query=question)) == (422, {"errors": [sentence]})


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        ({"page": "1", "page_size": 5}, "comparison of String with 0 failed"),
        ({"page": 1, "page_size": "5"}, "comparison of String with 1 failed"),
        ({"page": -1, "page_size": 5}, "Page must start at 1"),
        ({"page": 0, "page_size": 5}, "Page must start at 1"),
        ({"page": 1, "page_size": 0}, "Page size must be greater than 1"),
        ({"page": 1, "page_size": 1}, "Page size must be greater than 1"),
    ],
)
def test_pages_must_be_numbers_that_exist(reply: Replies, page: dict[str, Any], sentence: str) -> None:
    answer = reply("/query", query=["victim", "::all", "::identifier"], **page)

    assert refusal(answer) == (422, {"errors": [sentence]})


def test_half_a_page_is_everything(query: Query) -> None:
    assert len(query("labor", "::all", "::identifier", page=1)) == 12


def test_an_unknown_order_is_a_database_error(reply: Replies) -> None:
    answer = reply("/query", query=["labor", "::all", "::identifier"], order="nope")

    assert refusal(answer) == (501, {"errors": ["Database error."]})


@pytest.mark.parametrize("query", [None, "victim", ["labor", ["name", "::matches", "("], "::count"]])
def test_some_mistakes_are_server_errors(reply: Replies, query: Any) -> None:
    assert refusal(reply("/query", query=query)) == (500, {"error": "Server error."})


def test_every_truthy_show_disconnected_counts(query: Query) -> None:
    assert query("victim", "::count", show_disconnected="false") == 4
