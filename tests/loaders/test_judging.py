"""Verdicts: which question decides, and in which order."""

from __future__ import annotations

from typing import Any

import pytest

from loaders.checks import Check, Custom, Files, Linked, OneOf, Present, When
from loaders.gaps import label_of
from loaders.judging import Past, judge, reason
from loaders.library.exome_pipe.loader import ExomePipe
from loaders.loader import Loader
from loaders.pages import Page, Store
from loaders.states import DueReason, Verdict
from tests.loaders.pages import NORMAL, NOW, SHAPES, TUMOR, exomes, family, file, pair, patients

VCF = file("DTL001.vcf")
LOADER = ExomePipe()


def verdict_of(page: Page, past: Past | None = None) -> tuple[Verdict, DueReason | None, str]:
    (judgement,) = judge(LOADER, page, past or Past())
    return judgement.verdict, judgement.due, reason(LOADER, page, judgement)


def test_tumor_and_normal_without_a_vcf_are_due() -> None:
    assert verdict_of(exomes(TUMOR, NORMAL)) == (
        Verdict.DUE,
        DueReason.MISSING,
        "Tumor and normal fastqs are there; no vcf yet.",
    )


def test_a_patient_without_a_tumor_exome_is_out_of_scope() -> None:
    assert verdict_of(exomes(NORMAL))[0] is Verdict.OUT_OF_SCOPE


def test_a_missing_normal_is_waited_for_and_the_reason_says_from_whom() -> None:
    verdict, _, why = verdict_of(exomes(TUMOR))

    assert verdict is Verdict.WAITING
    assert why == (
        "Waiting for exactly one normal exome with its fastqs: sample.exome: 0 of 1 count, expected exactly 1"
        " (from the sequencing core)."
    )


def test_two_normals_are_not_guessed_between() -> None:
    assert verdict_of(exomes(TUMOR, NORMAL, ("N2", "normal", pair("N2"), None)))[0] is Verdict.WAITING


@pytest.mark.parametrize("fastqs", [None, [], [file("x_R1.fastq.gz", "::temp")], {"path": "::blank"}])
def test_a_tumor_without_finished_fastqs_waits(fastqs: Any) -> None:
    assert verdict_of(exomes(("T1", "Squamous", fastqs, None), NORMAL))[0] is Verdict.WAITING


def test_one_mate_alone_blocks_and_is_named() -> None:
    verdict, _, why = verdict_of(exomes(("T1", "Squamous", [file("T1_R1.fastq.gz")], None), NORMAL))

    assert verdict is Verdict.BLOCKED
    assert "without its mate: T1_R1.fastq.gz" in why


def test_an_upload_still_running_beside_finished_ones_blocks() -> None:
    unfinished = [*pair("T1"), file("T1_L2_R1.fastq.gz", "::temp"), file("T1_L2_R2.fastq.gz", "::temp")]

    verdict, _, why = verdict_of(exomes(("T1", "Squamous", unfinished, None), NORMAL))

    assert verdict is Verdict.BLOCKED
    assert "T1_L2_R1.fastq.gz" in why


def test_one_tumor_without_its_vcf_is_enough_to_be_due() -> None:
    done = ("T1", "Squamous", pair("T1"), VCF)

    assert verdict_of(exomes(done, NORMAL))[0] is Verdict.FRESH
    assert verdict_of(exomes(done, NORMAL, ("T2", "Squamous", pair("T2"), None)))[0] is Verdict.DUE


def test_an_output_we_never_asked_for_is_adopted() -> None:
    done = ("T1", "Squamous", pair("T1"), VCF)

    assert verdict_of(exomes(done, NORMAL))[0] is Verdict.FRESH


def test_changed_inputs_are_due_again_only_after_a_request_of_ours() -> None:
    page = exomes(("T1", "Squamous", pair("T1"), VCF), NORMAL)
    same = Past(completed={"DTL001": LOADER.fingerprint(page, 0)})
    other = Past(completed={"DTL001": "another"})

    assert verdict_of(page, same)[0] is Verdict.FRESH
    assert verdict_of(page, other)[:2] == (Verdict.DUE, DueReason.CHANGED)


def test_an_open_request_is_in_progress_whatever_the_output() -> None:
    past = Past(in_progress=frozenset({"DTL001"}))

    assert verdict_of(exomes(TUMOR, NORMAL), past)[0] is Verdict.IN_PROGRESS
    assert verdict_of(exomes(("T1", "Squamous", pair("T1"), VCF), NORMAL), past)[0] is Verdict.IN_PROGRESS


def test_fingerprints_are_asked_only_where_they_decide() -> None:
    done = ("T1", "Squamous", pair("T1"), VCF)
    page = family(A=(TUMOR, NORMAL), B=(done, NORMAL), C=(done, NORMAL), D=(TUMOR,))
    asked: list[int] = []

    def fingerprints(indexes: Any) -> dict[int, str]:
        asked.extend(indexes)
        return dict.fromkeys(indexes, "the same")

    judge(LOADER, page, Past(completed={"A": "x", "C": "the same", "D": "x"}), fingerprints)

    assert asked == [2]


def test_config_lists_the_normal_first() -> None:
    page = exomes(TUMOR, NORMAL, ("T0", "Squamous", None, None))

    assert LOADER.config(page, 0).inputs == ("DTL001.N1.exome", "DTL001.T1.exome")


def test_it_reads_what_its_checks_and_inputs_read() -> None:
    assert LOADER.reads == {
        "::identifier",
        "sample.exome.::identifier",
        "sample.exome.sample.tumor_type",
        "sample.exome.raw_fastqs",
        "sample.exome.vcf",
        "sample.tumor_type",
    }


def too_young(page: Page) -> list[str]:
    """Fails where there is no age."""
    return ["" if age / 2 >= 9 else "too young" for age in page.values("age")]


def test_a_labs_own_code_is_asked_only_about_what_the_questions_before_it_have_left() -> None:
    class Careful(Loader):
        model, needs, outputs = "patient", Present("age"), Present("seen_on")
        wellformed = Custom("tests.loaders.test_judging:too_young", ("age",))

    page = patients(A={"age": 18}, B={"age": None}, C={"age": 7})

    assert [found.verdict for found in judge(Careful(), page, Past())] == [
        Verdict.DUE, Verdict.WAITING, Verdict.BLOCKED,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "told"),
    [
        (Present("physician"), "not so: physician is there"),
        (~OneOf("age", (7,)), "age is one of 7"),
        (Present("physician").named("a physician"), "a physician: not so: physician is there"),
        (When(Present("age"), Present("physician")), "since age is there: not so: physician is there"),
        (Files("files"), "files: finished files: 0, expected at least 1"),
    ],
)
@pytest.mark.parametrize(
    ("question", "begins"), [("wellformed", "Malformed: "), ("scope", "Not for this loader: ")]
)
def test_what_fails_is_told_as_it_is_and_not_as_it_should_be(
    check: Check, told: str, question: str, begins: str
) -> None:
    loader = type("Asking", (Loader,), {"model": "patient", "outputs": Present("seen_on"), question: check})()
    page = Page("patient", ("P1",), Store(SHAPES, {"patient": {"P1": {"age": 7}}}, NOW))

    (judgement,) = judge(loader, page, Past())

    assert str(reason(loader, page, judgement)) == f"{begins}{told}."


@pytest.mark.parametrize(
    ("check", "label"),
    [
        (Present("stage"), "present stage"),
        (Linked("sample", where=Present("weight")), "linked sample"),
        (When(Present("processed"), Present("weight")), "when processed, weight"),
        (~Present("stage"), "not stage"),
        (Present("b") | Present("a"), "any a, b"),
        (Custom("lab:ask", ("age",)), "custom age"),
        (Present("stage").named("a stage"), "a stage"),
    ],
)
def test_what_is_waited_for_says_what_it_looks_at_where_it_has_no_name(check: Check, label: str) -> None:
    assert label_of(check) == label
