"""The command of docs/how-to/nextflow.md, as it stands on the page, with a stand-in for Nextflow itself."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from polyphemus_analyst import workplaces
from polyphemus_analyst.documents import Request
from polyphemus_analyst.executors.local import Local
from polyphemus_analyst.journal import Journal
from polyphemus_analyst.workplaces import Workplace
from tests.analyst.waiting import eventually

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "nextflow.md").read_text(encoding="utf-8")
STAND_IN = Path(__file__).parent / "standins" / "nextflow.py"
GOOD = {"step": "mapping", "tools": "mutect2"}
TABLE = """name,patient,sample,status,lane,fastq_1,fastq_2
blood_normal.exome,DTL001,blood,0,L1,n_R1.fastq.gz,n_R2.fastq.gz
tumor.exome,DTL001,tumor,1,L1,t_R1.fastq.gz,t_R2.fastq.gz
another.exome,DTL002,tumor,1,L1,x_R1.fastq.gz,x_R2.fastq.gz
"""
Ran = Callable[..., Workplace]


@pytest.fixture
def ran(journal: Journal, tumor_pair: Request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ran:
    """Runs the page's command for a request with these params, over this table of files."""
    lab, programs = tmp_path / "sarek", tmp_path / "bin"
    lab.mkdir()
    programs.mkdir()
    [script] = re.findall(r"```python[^\n]*\n(.*?)```", PAGE, re.DOTALL)
    [command] = re.findall(r"--command '\n(.*?)'", PAGE, re.DOTALL)
    (lab / "sheet.py").write_text(script)
    (programs / "nextflow").write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STAND_IN}" "$@"\n')
    (programs / "nextflow").chmod(0o700)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")

    def run(params: dict[str, object], table: str = TABLE) -> Workplace:
        (lab / "table.csv").write_text(table)
        request = Request(**(vars(tumor_pair) | {"config": tumor_pair.config | {"params": params}}))
        job = journal.begin(request, estimate=60)
        assert job is not None
        place = workplaces.prepare(tmp_path / "job", job, command=command)
        local = Local()
        local.start(job, place)
        eventually(lambda: not local.look("", place).running, "the run ends")
        return place

    return run


def test_the_pipeline_gets_the_files_of_the_named_inputs(ran: Ran) -> None:
    place = ran(GOOD)

    assert place.exit_code() == 0, place.last_words()
    samples = json.loads((place.folder / "results" / "samples.json").read_text())
    assert [row["fastq_1"] for row in samples] == ["n_R1.fastq.gz", "t_R1.fastq.gz"]


@pytest.mark.parametrize(
    ("params", "table", "words"),
    [
        (GOOD | {"tools": "no_such_tool"}, TABLE, "ERROR ~ tools"),
        (GOOD, TABLE.replace("t_R1.fastq.gz", "t_R1.bam"), "ERROR ~ 1.fastq_1"),
        (GOOD, TABLE.replace("tumor.exome", "another"), "not in the table: tumor.exome"),
    ],
)
def test_what_the_pipeline_would_refuse_ends_with_its_reason(
    ran: Ran, params: dict[str, object], table: str, words: str
) -> None:
    place = ran(params, table)

    assert place.exit_code() == 1
    assert place.last_words().startswith(words)
