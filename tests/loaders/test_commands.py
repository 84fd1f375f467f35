"""What outsiders script: scan and explain."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from loaders.management import watching
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


def test_scan_says_it_in_words(magma: Magma) -> None:
    assert "30 records of dt_lung judged" in told("scan", "dt_lung", "--full")


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
        assert "1 pages, 30 judged" in shown
        assert "30 records of dt_lung judged" in done.stdout.decode()

    def test_elsewhere_it_is_told_in_lines(self, magma: Magma, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(watching, "EVERY_SECONDS", 0)
        errors = StringIO()

        call_command("scan", "dt_lung", "--full", stdout=StringIO(), stderr=errors)

        assert "Full scan of dt_lung patient: 30 of 30 records, 1 pages, 30 judged" in errors.getvalue()

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
