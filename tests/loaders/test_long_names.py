"""A name that can't be kept costs its own record only: an error of its own, while the others go on."""

from __future__ import annotations

from datetime import datetime

import pytest

from loaders import registry
from loaders.checks import OneOf
from loaders.loader import Loader
from loaders.models import Change, ScanRun, Suggestion
from loaders.names import RECORD_LENGTH, is_kept
from loaders.registry import Registry
from loaders.services import changes, scans
from loaders.services.verdicts import Engine
from magma.client import Magma
from tests.loaders.conftest import now, only_suggestion
from tests.loaders.test_batches import BySample, load
from tests.loaders.test_narrowing import FullScan, either
from tests.magma.demo_fixture import RunningWarehouse

pytestmark = pytest.mark.django_db(transaction=True)

KEPT, LONG = "d" * RECORD_LENGTH, "D" * (RECORD_LENGTH + 1)


class Read(Loader):
    name = "read"
    model = "document"
    analysis = "read"
    outputs = OneOf("::identifier", ("nothing",))


@pytest.fixture(autouse=True)
def _documents(warehouse: RunningWarehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "current", lambda: Registry({"read": Read()}))
    warehouse.load({"document": {name: {"project": "DT Lung"} for name in (KEPT, LONG)}})


@either
def test_a_full_scan_goes_on(magma: Magma, full_scan: FullScan) -> None:
    run = full_scan(magma)

    assert (run.error, run.records) == ("", 2)
    assert run.verdicts == {"read": {"due": 1, "error": 1}}
    assert "'DDDD" in run.faults["read"]
    assert "501 characters" in run.faults["read"]
    assert only_suggestion().anchor == KEPT


def test_so_does_the_next_one_which_tells_of_it_again(magma: Magma) -> None:
    for _ in range(2):
        scans.scan_all(magma, "dt_lung", clock=now)

    run = ScanRun.objects.latest("pk")
    assert run.verdicts == {"read": {"due": 1, "error": 1}}
    assert "501 characters" in run.faults["read"]


def test_judging_by_name_goes_on(magma: Magma) -> None:
    tally = Engine.of(magma, "dt_lung").judge_names("document", [LONG, KEPT], now=now())

    assert tally.plain() == {"read": {"due": 1, "error": 1}}


@either
def test_a_name_with_a_nul_costs_itself(
    magma: Magma, warehouse: RunningWarehouse, full_scan: FullScan
) -> None:
    """No Magma can keep it; whatever answers in its place may say it all the same."""
    warehouse.load({"document": {"a\0b": {"project": "DT Lung"}}})

    run = full_scan(magma)

    assert run.error == ""
    assert run.verdicts["read"]["due"] == 1


def test_a_scan_of_changes_goes_on(magma: Magma) -> None:
    scans.scan_changes(magma, "dt_lung", clock=now)

    assert only_suggestion().anchor == KEPT


def test_a_journal_entry_is_taken_in_without_it(now: datetime) -> None:
    told = changes.tell("dt_lung", {"document": [LONG, KEPT, "a\0b"]}, now=now)

    assert told == 1
    assert Change.objects.get().record == KEPT


def test_a_batch_under_such_a_name_is_suggested_record_by_record(
    magma: Magma, warehouse: RunningWarehouse
) -> None:
    warehouse.load({"sample": {LONG: {"patient": "DTL001"}}})
    load(warehouse, "B1.rna", "B2.rna", sample=LONG)

    Engine.of(magma, "dt_lung", [BySample()]).judge_names("rna_seq", ["B1.rna"], now=now())

    found = {one.anchor: one for one in Suggestion.objects.all()}
    assert {"B1.rna", "B2.rna"} <= found.keys()
    assert found["B1.rna"].records == ["rna_seq/B1.rna"]


def test_a_batch_goes_on_without_such_a_member(magma: Magma, warehouse: RunningWarehouse) -> None:
    load(warehouse, "B1.rna", LONG, sample="DTL001.N1")

    Engine.of(magma, "dt_lung", [BySample()]).judge_names("rna_seq", ["B1.rna"], now=now())

    assert list(only_suggestion().members) == ["B1.rna"]


@pytest.mark.parametrize(
    ("name", "kept"), [("é" * RECORD_LENGTH, True), ("a/b\n🐙", True), (LONG, False), ("a\0b", False)]
)
def test_what_can_be_kept(name: str, kept: bool) -> None:
    assert is_kept(name) is kept
