"""/retrieve, where no recording says it already."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from magma.demo.answers import Reply
from magma.demo.warehouse import Warehouse
from tests.magma.demo.conftest import Ask

LABORS = {
    "model_name": "labor",
    "record_names": "all",
    "attribute_names": ["name", "number", "year", "monster"],
}


def names(answer: Any, model: str = "labor") -> list[str]:
    return list(answer["models"][model]["documents"])


@pytest.mark.parametrize(
    ("term", "found"),
    [
        ("number=3", ["Ceryneian Hind"]),
        ("number<2", ["Nemean Lion"]),
        ("name~^Ne", ["Nemean Lion"]),
        ("name[]Nemean Lion,Golden Apples", ["Golden Apples", "Nemean Lion"]),
        ("monster=Nemean Lion Monster", ["Nemean Lion"]),
        ("year>0002-11-30", ["Capture of Cerberus"]),
        ("monster^@", []),
    ],
)
def test_a_list_of_filters_may_hold_blanks(ask: Ask, term: str, found: list[str]) -> None:
    assert names(ask("/retrieve", **LABORS, filter=[term])) == found


def test_a_text_of_filters_is_split_at_blanks(ask: Ask) -> None:
    assert names(ask("/retrieve", **LABORS, filter="number>1 number<3")) == ["Lernean Hydra"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"model_name": None}, "`model_name` is required"),
        ({"record_names": None}, "`record_names` must be Array, or `all`"),
        ({"record_names": ["a", 1]}, "`record_names` must be Array, or `all`"),
        ({"attribute_names": "some"}, "`attribute_names` must be Array, `all`, or `identifier`"),
        ({"model_name": "all", "record_names": ["a"]}, "Cannot retrieve by record name for all models"),
        ({"filter": "number"}, "Filter term 'number' does not parse"),
    ],
)
def test_a_bad_request_is_told_what_is_wrong(
    reply: Callable[..., Reply], body: dict[str, Any], sentence: str
) -> None:
    answer = reply("/retrieve", **LABORS | body)

    assert (answer.status, json.loads(answer.body)) == (422, {"errors": [sentence]})


def test_the_count_comes_with_page_one_alone(ask: Ask) -> None:
    first, second = (ask("/retrieve", **LABORS, page=page, page_size=5)["models"]["labor"] for page in (1, 2))

    assert first["count"] == 12
    assert "count" not in second


def test_an_empty_matrix_has_an_empty_place_for_each_option(ask: Ask, update: Callable[..., Any]) -> None:
    update(labor={"Stables": {"project": "The Twelve Labors of Hercules"}})

    labor = ask("/retrieve", **LABORS | {"attribute_names": "all", "record_names": ["Stables"]})
    assert labor["models"]["labor"]["documents"]["Stables"]["contributions"] == [None] * 4


def test_a_table_of_tabs_shows_what_is_not_hidden(reply: Callable[..., Reply]) -> None:
    body = {"model_name": "monster", "record_names": ["Lernean Hydra Monster"], "format": "tsv"}
    answer = reply("/retrieve", **body, attribute_names=["name", "updated_at", "aspect", "restricted"])

    assert answer.media == "text/tsv"
    assert answer.body.decode() == (
        "name\taspect\trestricted\nLernean Hydra Monster\tASPECT-008, ASPECT-020, ASPECT-032\t\n"
    )


def test_a_restricted_parent_hides_everything_below_it(ask: Ask, update: Callable[..., Any]) -> None:
    update("dt_lung", patient={"DTL001": {"restricted": True}})
    body = {
        "project_name": "dt_lung",
        "model_name": "exome",
        "record_names": "all",
        "attribute_names": ["sample"],
    }

    open_view, closed_view = (ask("/retrieve", perm, **body) for perm in ("V:dt_lung", "v:dt_lung"))
    assert "DTL001.T1.exome" in names(open_view, "exome")
    assert "DTL001.T1.exome" not in names(closed_view, "exome")


@pytest.mark.parametrize(
    ("model", "term", "sentence"),
    [
        ("labor", "number~5", "Invalid operator ~ for string attribute!"),
        ("labor", "year[]2026-01-01", "Invalid operator [] for string attribute!"),
        ("labor", "completed>true", "Invalid operator > for boolean column!"),
        ("monster", "stats~txt", "Invalid operator ~ for file attribute!"),
        ("monster", "certificates=x", "Cannot query for certificates"),
    ],
)
def test_a_sign_that_does_not_fit_is_refused(
    reply: Callable[..., Reply], model: str, term: str, sentence: str
) -> None:
    answer = reply("/retrieve", model_name=model, record_names="all", attribute_names="all", filter=[term])

    assert (answer.status, json.loads(answer.body)) == (422, {"errors": [sentence]})


@pytest.mark.parametrize(
    ("term", "count"),
    [
        ("name[]", 0),
        ("name[],", 0),
        ("name[]Nemean Lion,,", 1),
        ("completed=perhaps", 12),
        ("contributions=x", 12),
    ],
)
def test_a_filter_finds_what_magma_reads_into_it(ask: Ask, term: str, count: int) -> None:
    body = {"record_names": "all", "attribute_names": "all", "filter": [term], "hide_templates": True}

    assert len(ask("/retrieve", model_name="labor", **body)["models"]["labor"]["documents"]) == count


def test_a_file_that_was_taken_away_is_none(ask: Ask, bare_warehouse: Warehouse) -> None:
    row = bare_warehouse.projects["labors"].models["monster"].find("Nemean Lion Monster")
    assert row is not None
    row.values["stats"] = dict.fromkeys(("location", "filename", "original_filename"))
    body = {"record_names": [row.name], "attribute_names": ["stats"]}

    assert (
        ask("/retrieve", model_name="monster", **body)["models"]["monster"]["documents"][row.name]["stats"]
        is None
    )
