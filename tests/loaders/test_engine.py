"""From what is in the warehouse to what is suggested: over HTTP, into PostgreSQL."""

from __future__ import annotations

from contextlib import closing

import pytest

from loaders.models import Suggestion, SuggestionEvent
from loaders.services import scans
from loaders.services.verdicts import Engine, Tally
from loaders.states import SuggestionEventKind, SuggestionStatus
from magma.client import Magma
from tests.loaders.conftest import (
    NORMAL_EXOME,
    PATIENT,
    TUMOR_EXOME,
    load_vcf,
    now,
    only_suggestion,
    placed,
    upload,
    upload_normal,
    uploaded,
)
from tests.loaders.pages import file
from tests.magma.demo_fixture import RunningWarehouse

pytestmark = pytest.mark.django_db(transaction=True)


def judge(magma: Magma, *names: str) -> Tally:
    return Engine.of(magma, "dt_lung").judge_names("patient", names or (PATIENT,), now=now())


def test_a_patient_whose_normal_has_no_fastqs_waits(magma: Magma) -> None:
    tally = judge(magma)

    assert tally.plain() == {"exome_pipe": {"waiting": 1}}
    assert not Suggestion.objects.exists()


def test_uploading_the_normal_makes_a_suggestion_that_says_why(
    magma: Magma, warehouse: RunningWarehouse
) -> None:
    upload_normal(warehouse)

    tally = judge(magma)

    suggestion = only_suggestion()
    assert tally.plain() == {"exome_pipe": {"due": 1}}
    assert suggestion.anchor == PATIENT
    assert suggestion.reason == "Tumor and normal fastqs are there; no vcf yet."
    assert suggestion.config["inputs"] == [NORMAL_EXOME, TUMOR_EXOME]
    assert [row["sample"] for row in suggestion.config["rows"]] == [NORMAL_EXOME, TUMOR_EXOME]
    assert suggestion.config["params"] == {}
    assert suggestion.restricted


def test_the_receipt_keeps_the_whole_tree_with_the_values_seen(
    magma: Magma, warehouse: RunningWarehouse
) -> None:
    upload_normal(warehouse)

    judge(magma)

    receipt = only_suggestion().receipt
    assert receipt["anchors"][PATIENT]["outputs"]["passed"] is False
    assert receipt["anchors"][PATIENT]["needs"]["passed"] is True
    assert receipt["loader"]["needs"]["all"][1]["label"] == "exactly one normal exome with its fastqs"
    assert receipt["inputs"][PATIENT]["sample.tumor_type"]["DTL001.N1"] == "Normal"


def test_judging_again_writes_nothing(magma: Magma, warehouse: RunningWarehouse) -> None:
    upload_normal(warehouse)
    judge(magma)

    tallies = [judge(magma), judge(magma)]

    assert sum(tally.written for tally in tallies) <= 1
    assert Suggestion.objects.count() == 1
    assert SuggestionEvent.objects.count() == 1


def test_loading_the_output_by_hand_closes_the_suggestion_and_says_why(
    magma: Magma, warehouse: RunningWarehouse
) -> None:
    upload_normal(warehouse)
    judge(magma)
    load_vcf(warehouse)

    judge(magma)

    suggestion = only_suggestion()
    assert suggestion.status == SuggestionStatus.CLOSED
    assert suggestion.because == "The output appeared."
    assert suggestion.events.last().kind == SuggestionEventKind.CLOSED  # type: ignore[union-attr]  # it has two


def test_inputs_that_change_refresh_the_suggestion(magma: Magma, warehouse: RunningWarehouse) -> None:
    upload_normal(warehouse)
    judge(magma)
    before = only_suggestion().fingerprint
    upload(warehouse, NORMAL_EXOME, uploaded("DTL001.N1.again"))

    judge(magma)

    assert only_suggestion().fingerprint != before


def test_a_fastq_without_its_mate_closes_it_again(magma: Magma, warehouse: RunningWarehouse) -> None:
    upload_normal(warehouse)
    judge(magma)
    upload(warehouse, NORMAL_EXOME, [*uploaded("DTL001.N1"), placed(file("late_R1.fastq.gz"))])

    judge(magma)

    assert only_suggestion().because == (
        "No longer ready. Malformed: sample.exome: 2 of 2 count, expected at least 1; not sound:"
        " DTL001.N1.exome: raw_fastqs: without its mate: late_R1.fastq.gz."
    )


def test_a_patient_magma_no_longer_shows_loses_its_suggestion(
    magma: Magma, warehouse: RunningWarehouse
) -> None:
    upload_normal(warehouse)
    judge(magma)
    warehouse.load({"patient": {PATIENT: {"project": None}}})

    judge(magma)

    assert only_suggestion().because.startswith("Magma no longer shows the record")


def test_a_token_that_may_not_see_the_output_concludes_nothing(warehouse: RunningWarehouse) -> None:
    upload_normal(warehouse)
    lower_case = Magma(url=warehouse.url, token=warehouse.mint("viewer"))

    with closing(lower_case):
        tally = judge(lower_case)

    assert tally.plain() == {"exome_pipe": {"error": 1}}
    assert "exome.vcf to our token" in tally.faults["exome_pipe"]
    assert not Suggestion.objects.exists()


def test_a_full_scan_judges_every_patient_and_says_how_many(
    magma: Magma, warehouse: RunningWarehouse
) -> None:
    upload_normal(warehouse)

    tally = scans.scan_all(magma, "dt_lung", clock=now)

    assert tally.records == 30
    assert tally.plain()["exome_pipe"]["due"] == 1
    assert sum(tally.plain()["exome_pipe"].values()) == 30
