"""What outsiders script: scan and explain."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from magma.client import Magma
from tests.loaders.conftest import upload_normal
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
