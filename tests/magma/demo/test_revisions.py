"""/update, where no recording says it already."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from magma.demo.answers import Reply
from tests.magma.demo.conftest import SEEDED, Ask, Clock

Query = Callable[..., Any]
Update = Callable[..., Any]
HYDRA = "Lernean Hydra Monster"


def stamps(query: Query, model: str, **body: Any) -> dict[str, str]:
    return dict(query(model, "::all", "updated_at", **body))


def test_only_what_an_update_names_is_stamped(query: Query, update: Update, clock: Clock) -> None:
    clock.now = SEEDED + timedelta(hours=1)
    update(victim={"LABORS-VICTIM-008": {"weapon": "club"}})

    moved = {name for name, stamp in stamps(query, "victim").items() if stamp == "2026-05-04T13:00:00+00:00"}
    assert moved == {"LABORS-VICTIM-008"}
    assert set(stamps(query, "monster").values()) == {"2026-05-04T12:00:00+00:00"}


def test_an_empty_revision_is_a_change_too(query: Query, update: Update, clock: Clock) -> None:
    clock.now = SEEDED + timedelta(hours=1)
    update(victim={"LABORS-VICTIM-008": {}})

    assert stamps(query, "victim")["LABORS-VICTIM-008"] == "2026-05-04T13:00:00+00:00"


def test_stamps_sent_along_are_echoed_and_not_kept(query: Query, update: Update) -> None:
    answer = update(victim={"LABORS-VICTIM-008": {"updated_at": "1999-01-01"}})

    assert answer["victim"]["LABORS-VICTIM-008"]["updated_at"] == "1999-01-01T00:00:00+00:00"
    assert stamps(query, "victim")["LABORS-VICTIM-008"] == "2026-05-04T12:00:00+00:00"


def test_a_link_to_nobody_makes_somebody_an_orphan(query: Query, update: Update) -> None:
    update(monster={HYDRA: {"habitat": "Marsh"}})

    assert query("habitat", "::all", "::identifier", show_disconnected=True) == [["Marsh", "Marsh"]]
    assert query("monster", ["name", "::equals", HYDRA], "::all", "habitat", "::identifier") == [
        [HYDRA, "Marsh"]
    ]


def test_a_renamed_record_keeps_what_points_at_it(query: Query, update: Update) -> None:
    count = query("victim", ["monster", "::identifier", "::equals", HYDRA], "::count")
    update(monster={HYDRA: {"name": "Hydra"}})

    assert query("victim", ["monster", "::identifier", "::equals", "Hydra"], "::count") == count
    assert query("monster", ["name", "::equals", HYDRA], "::count") == 0


def test_a_record_can_be_made_under_a_name_given_up(query: Query, update: Update) -> None:
    update(victim={"LABORS-VICTIM-008": {"name": "EIGHT"}})
    update(victim={"LABORS-VICTIM-008": {"monster": HYDRA}})

    assert query("victim", ["name", "::in", ["EIGHT", "LABORS-VICTIM-008"]], "::count") == 2


def test_children_moved_in_one_call_are_not_let_go(query: Query, update: Update) -> None:
    update(monster={HYDRA: {"victim": []}, "Nemean Lion Monster": {"victim": ["LABORS-VICTIM-008"]}})

    path = ["monster", "::identifier"]
    moved = query("victim", ["name", "::equals", "LABORS-VICTIM-008"], "::all", *path)
    assert moved == [["LABORS-VICTIM-008", "Nemean Lion Monster"]]


def test_parents_made_in_the_same_call_are_found(query: Query, update: Update) -> None:
    update(
        "dt_lung",
        exome={"DTL099.T1.exome": {"sample": "DTL099.T1"}},
        sample={"DTL099.T1": {"patient": "DTL099"}},
        patient={"DTL099": {"project": "DT Lung"}},
    )

    project = {"project_name": "dt_lung"}
    assert query("exome", ["tube_name", "::equals", "DTL099.T1.exome"], "::count", **project) == 1


def test_a_table_set_again_holds_only_the_new_rows(query: Query, update: Update) -> None:
    update(labor={"Nemean Lion": {"prize": ["::a"]}}, prize={"::a": {"name": "teeth"}})

    rows = query("labor", ["number", "::=", 1], "::all", [["prize", "::all", "name"]])
    assert rows == [["Nemean Lion", [[[4, "teeth"]]]]]


def test_files_are_kept_under_names_of_their_record(ask: Ask, update: Update) -> None:
    vcf = {"path": "metis://dt_lung/out/a.vcf.gz", "original_filename": "a.vcf.gz"}
    answer = update("dt_lung", exome={"DTL001.T1.exome": {"vcf": vcf, "bam": {"path": "::blank"}}})

    shown = answer["exome"]["DTL001.T1.exome"]
    assert shown["vcf"]["path"] == "exome-DTL001.T1.exome-vcf.gz"
    assert shown["vcf"]["url"].startswith("https://metis.development.local/dt_lung/download/magma/")
    assert shown["bam"] == {"path": "::blank"}


def test_an_unfinished_upload_leaves_nothing(query: Query, update: Update) -> None:
    answer = update("dt_lung", exome={"DTL002.T1.exome": {"bam": {"path": "::temp"}}})

    assert "/upload/" in answer["exome"]["DTL002.T1.exome"]["bam"]["path"]
    assert query("exome", ["::has", "bam"], "::count", project_name="dt_lung") == 1


@pytest.mark.parametrize(("value", "kept"), [("12 labors", 12), ("abc", 0), (None, 0), (3.9, 3)])
def test_whole_numbers_are_read_as_ruby_does(query: Query, update: Update, value: Any, kept: int) -> None:
    update(labor={"Nemean Lion": {"number": value}})

    assert query("labor", ["name", "::equals", "Nemean Lion"], "::all", "number") == [["Nemean Lion", kept]]


@pytest.mark.parametrize(
    ("revisions", "sentence"),
    [
        ({"sample": {"DTL001.T1": {"tumor_type": "Odd"}}}, "On tumor_type, 'Odd' should be one of"),
        ({"patient": {"DTL001": {"sample": "DTL001.T1"}}}, "DTL001.T1 is not an Array."),
        ({"project": {"Another": {}}}, "Project name must match 'DT Lung'"),
        ({"rna_seq": {"DTL001.T1.rna": {"gene_counts": [1]}}}, "Improper matrix row size"),
        ({"rna_seq": {"DTL001.T1.rna": {"gene_counts": "1"}}}, "Matrix value is not an array of numbers"),
        ({"exome": {"DTL001.T1.exome": {"raw_fastqs": [{}]}}}, "Not all files have the required :path key."),
    ],
)
def test_what_breaks_a_rule_is_refused_before_anything_is_written(
    reply: Callable[..., Reply], query: Query, revisions: dict[str, Any], sentence: str
) -> None:
    extra = {"document": {"D-1": {"project": "DT Lung"}}}
    answer = reply("/update", "E:dt_lung", project_name="dt_lung", revisions=extra | revisions)

    assert answer.status == 422
    assert json.loads(answer.body)["errors"][0].startswith(sentence)
    assert query("document", "::count", project_name="dt_lung") == 0


@pytest.mark.parametrize("revisions", [None, [], {"victim": None}, {"monster": {HYDRA: {"stats": "a.txt"}}}])
def test_some_mistakes_are_server_errors(reply: Callable[..., Reply], revisions: Any) -> None:
    answer = reply("/update", "E:labors", revisions=revisions)

    assert (answer.status, json.loads(answer.body)) == (500, {"error": "Server error."})


def test_a_lower_case_role_may_not_touch_restricted_records(reply: Callable[..., Reply]) -> None:
    answer = reply("/update", "e:labors", revisions={"victim": {"LABORS-VICTIM-007": {"weapon": "net"}}})

    assert json.loads(answer.body) == {"errors": ["Cannot revise restricted victim 'LABORS-VICTIM-007'"]}
