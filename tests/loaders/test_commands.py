"""What outsiders script: scan and explain."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from loaders import registry
from loaders.management import watching
from loaders.management.commands.scan import as_text
from loaders.services.verdicts import Tally
from magma.client import Magma
from tests import web
from tests.loaders.conftest import reach_another_second, upload_normal
from tests.magma.demo_fixture import RunningWarehouse

pytestmark = pytest.mark.django_db(transaction=True)


def told(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def told_json(*words: str) -> Any:
    return json.loads(told(*words, "--json"))


def test_scan_counts_by_loader_and_verdict(magma: Magma, warehouse: RunningWarehouse) -> None:
    upload_normal(warehouse)

    document = told_json("scan", "dt_lung", "--full")

    assert document["records"] == 30
    assert document["verdicts"]["exome_pipe"]["due"] == 1


@pytest.mark.parametrize(
    ("tally", "words"),
    [
        (Tally(records=1, pages=1, judged=1), "Read 1 record of dt_lung on 1 page: 1 judged."),
        (
            Tally(records=1200, pages=2, judged=30),
            "Read 1,200 records of dt_lung on 2 pages: 30 judged, 1170 as the last full scan had seen them.",
        ),
    ],
)
def test_scan_says_it_in_words(tally: Tally, words: str) -> None:
    assert as_text("dt_lung", tally) == words


@pytest.mark.parametrize(
    "words",
    [["--afresh"], ["--without-restricted"], ["--without-restricted", "--full", "--model", "patient"]],
)
def test_scan_refuses_what_does_not_go_together(words: list[str]) -> None:
    with pytest.raises(CommandError, match=f"^{words[0]} goes with --full"):
        told("scan", "dt_lung", *words)


def test_scan_of_a_warehouse_that_is_away_says_what_to_do(magma: Magma, warehouse: RunningWarehouse) -> None:
    warehouse.process.terminate()
    warehouse.process.wait()

    with pytest.raises(CommandError, match="See whether Magma runs"):
        told("scan", "dt_lung")


class TestProgress:
    def test_a_terminal_shows_a_bar(self, magma: Magma) -> None:
        ours, theirs = pty.openpty()
        environment = {
            **os.environ,
            "DATABASE_URL": web.tests_database_url(),
            "POLYPHEMUS_MAGMA_URL": settings.POLYPHEMUS_MAGMA_URL,
            "POLYPHEMUS_MAGMA_TOKEN": settings.POLYPHEMUS_MAGMA_TOKEN,
            "TERM": "xterm",
            "COLUMNS": "160",
        }
        command = [sys.executable, "manage.py", "scan", "dt_lung", "--full"]

        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=theirs, env=environment)  # noqa: S603 — our own program
        os.close(theirs)

        shown = os.read(ours, 65536).decode()
        os.close(ours)
        assert "30/30" in shown
        assert "1 page, 30 judged" in shown
        assert re.search(r"\d+ waiting", shown)
        assert "Read 30 records of dt_lung" in done.stdout.decode()

    def test_elsewhere_it_is_told_in_lines(self, magma: Magma, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(watching, "EVERY_SECONDS", 0)
        errors = StringIO()

        call_command("scan", "dt_lung", "--full", stdout=StringIO(), stderr=errors)

        assert "Full scan of dt_lung patient: 30 of 30 records, 1 page, 30 judged" in errors.getvalue()
        assert re.search(r"/s(, \d+ s left)?; .*\d+ waiting", errors.getvalue())

    def test_with_json_nothing_else_is_said(self, magma: Magma, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(watching, "EVERY_SECONDS", 0)
        out, errors = StringIO(), StringIO()

        call_command("scan", "dt_lung", "--full", "--json", stdout=out, stderr=errors)

        assert json.loads(out.getvalue())["judged"] == 30
        assert errors.getvalue() == ""


def test_scan_judges_anew_what_is_as_it_was_only_when_told_to(magma: Magma) -> None:
    told("scan", "dt_lung", "--full")
    reach_another_second()

    assert told_json("scan", "dt_lung", "--full", "--afresh")["judged"] == 30
    with pytest.raises(CommandError, match="goes with --full"):
        told("scan", "dt_lung", "--afresh")


def test_explain_shows_the_whole_tree_with_the_values_seen(magma: Magma, warehouse: RunningWarehouse) -> None:
    document = told_json("explain", "exome_pipe", "DTL001", "--project", "dt_lung")

    assert document["verdict"] == "waiting"
    assert document["checks"]["needs"]["passed"] is False
    assert "exactly one normal exome" in document["reason"]
    assert document["checks"]["outputs"]["parts"][0]["says"].startswith("exome DTL001")


def test_explain_finds_the_project_by_itself(magma: Magma) -> None:
    assert "exome_pipe 1 on patient DTL001 (dt_lung): waiting" in told("explain", "exome_pipe", "DTL001")


@pytest.fixture
def unusable(tmp_path: Path, settings: Settings) -> Iterator[None]:
    """A file in the folder of loaders that spells none."""
    (tmp_path / "mine.yaml").write_text("name: mine\n")
    settings.POLYPHEMUS_LOADER_PATH = str(tmp_path)
    registry.current.cache_clear()
    yield
    registry.current.cache_clear()


@pytest.mark.usefixtures("unusable")
def test_explain_says_which_loaders_could_not_be_loaded(magma: Magma) -> None:
    with pytest.raises(CommandError, match=r"no loader 'mine'.*file mine\.yaml can't be used: .*missing"):
        told("explain", "mine", "DTL001")


ELSEWHERE = """
name: elsewhere
model: patient
analysis: x
projects: [labors]
outputs: {check: present, attribute: physician}
"""


@pytest.mark.parametrize("words", [[], ["--project", "dt_lung"]])
def test_explain_of_a_loader_of_another_project_says_which_are_its_own(
    magma: Magma, tmp_path: Path, settings: Settings, words: list[str]
) -> None:
    (tmp_path / "elsewhere.yaml").write_text(
        ELSEWHERE.replace("labors", "nowhere" if not words else "labors")
    )
    settings.POLYPHEMUS_LOADER_PATH = str(tmp_path)
    registry.current.cache_clear()
    sentence = "its `projects` are labors" if words else "about nowhere .* spelled right"

    with pytest.raises(CommandError, match=sentence):
        told("explain", "elsewhere", "DTL001", *words)

    registry.current.cache_clear()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["explain", "no_such_pipe", "DTL001"], "There is no loader 'no_such_pipe'"),
        (["explain", "exome_pipe", "NOBODY"], "Magma shows no patient NOBODY"),
    ],
)
def test_what_can_not_be_explained_is_said_in_a_sentence(
    magma: Magma, words: list[str], sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence):
        told(*words)
