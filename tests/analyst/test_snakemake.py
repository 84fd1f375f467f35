"""The workflow of docs/how-to/snakemake.md, as it stands on the page, run by a real Snakemake."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from polyphemus_analyst import workplaces
from polyphemus_analyst.documents import Request
from polyphemus_analyst.executors.local import Local
from polyphemus_analyst.journal import Journal
from tests.analyst import tools
from tests.analyst.waiting import eventually

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "snakemake.md").read_text(encoding="utf-8")


def test_the_workflow_on_the_page_analyses_every_input(
    journal: Journal, tumor_pair: Request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [snakefile] = re.findall(r"```python[^\n]*\n(.*?)```", PAGE, re.DOTALL)
    [command] = re.findall(r"--command '(.*?)'", PAGE, re.DOTALL)
    (tmp_path / "exome").mkdir()
    (tmp_path / "exome" / "Snakefile").write_text(snakefile)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tools.installed('snakemake==9.27.1')}:{os.environ['PATH']}")
    job = journal.begin(tumor_pair, estimate=60)
    assert job is not None
    place = workplaces.prepare(tmp_path / "job", job, command=command)

    local = Local()
    local.start(job, place)
    eventually(lambda: not local.look("", place).running, "the workflow ends")

    assert place.exit_code() == 0, place.last_words()
    results = {path.name: path.read_text() for path in (tmp_path / "job" / "results").iterdir()}
    assert results == {
        "blood_normal.exome.txt": "blood_normal.exome above 20\n",
        "tumor.exome.txt": "tumor.exome above 20\n",
    }
