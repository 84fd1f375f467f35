from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyphemus_analyst import workplaces
from polyphemus_analyst.documents import Request
from polyphemus_analyst.errors import ConfigError
from polyphemus_analyst.journal import Job, Journal


@pytest.fixture
def job(journal: Journal, tumor_pair: Request) -> Job:
    made = journal.begin(tumor_pair, estimate=60)
    assert made is not None
    return made


@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50))
def test_what_a_requester_typed_is_never_shell(text: str) -> None:
    command = workplaces.filled("printf %s {name}", {"name": text})

    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=True)  # noqa: S603 — its own quoting is on trial

    assert done.stdout.decode() == text


def test_other_braces_stay_the_shells() -> None:
    command = "awk '{print $1}' ${HOME}/{file,other} {name}"

    assert workplaces.filled(command, {"name": "pair"}) == "awk '{print $1}' ${HOME}/{file,other} pair"


def test_the_config_is_written_as_it_was_published(tmp_path: Path, job: Job) -> None:
    workplaces.prepare(tmp_path / "job", job, command="true")

    assert json.loads((tmp_path / "job" / "config.json").read_text()) == job.config


def test_preparing_twice_is_preparing_once(tmp_path: Path, job: Job) -> None:
    workplaces.prepare(tmp_path / "job", job, command="cat {config}", sheet="csv")
    before = {path.name: path.read_bytes() for path in (tmp_path / "job").iterdir()}

    workplaces.prepare(tmp_path / "job", job, command="cat {config}", sheet="csv")

    assert {path.name: path.read_bytes() for path in (tmp_path / "job").iterdir()} == before


def test_the_params_name_the_sheet(tmp_path: Path, job: Job) -> None:
    workplaces.prepare(tmp_path / "job", job, command="true", sheet="tsv")

    params = json.loads((tmp_path / "job" / "params.json").read_text())
    assert params == {"input": str(tmp_path / "job" / "samplesheet.tsv")}


ROWS = [{"patient": "DTL001", "fastq_1": "a, b.fastq.gz"}, {"patient": "DTL002", "status": 1}]


@pytest.mark.parametrize(
    ("inputs", "form", "text"),
    [
        (["a.exome", "b.exome"], "csv", "input\na.exome\nb.exome\n"),
        (ROWS, "csv", 'patient,fastq_1,status\nDTL001,"a, b.fastq.gz",\nDTL002,,1\n'),
        (ROWS, "tsv", "patient\tfastq_1\tstatus\nDTL001\ta, b.fastq.gz\t\nDTL002\t\t1\n"),
        ([], "csv", "\n"),
    ],
)
def test_a_sheet_has_a_row_for_each_input(inputs: list[Any], form: str, text: str) -> None:
    assert workplaces.sheet_text(inputs, form) == text


def test_a_json_sheet_reads_back_as_the_rows() -> None:
    assert json.loads(workplaces.sheet_text(ROWS, "json")) == ROWS


def test_an_unknown_form_of_sheet_is_refused() -> None:
    with pytest.raises(ConfigError):
        workplaces.sheet_text([], "xlsx")
