"""Each check's own rule, at its edges."""

from __future__ import annotations

from typing import Any

import pytest

from loaders.checks import (
    Check,
    Custom,
    Files,
    Linked,
    Matches,
    Mates,
    MatrixWidth,
    OneOf,
    Present,
    Quiet,
    Range,
    Rows,
    UpdatedAfter,
    When,
)
from loaders.errors import LoaderError, MisspeltLoaderError, UnknownAttributeError
from loaders.pages import Page
from tests.loaders.pages import file, pair, patients


def passes(check: Check, **document: Any) -> bool:
    page = patients(DTL001=document)
    (answer,) = check.judge(page)
    finding = check.explain(page, 0)

    assert finding.passed == answer, finding
    return answer


@pytest.mark.parametrize(
    ("value", "there"),
    [("Dr. A", True), (0, True), (False, True), (None, False), ("", False), ([], False), ([None], False)],
)
def test_present_takes_nothing_for_nothing_only(value: Any, there: bool) -> None:
    assert passes(Present("physician"), physician=value) is there


@pytest.mark.parametrize(
    ("value", "there"),
    [
        (file("a"), True),
        (file("a", "::temp"), False),
        ({"original_filename": "a", "url": "https://metis"}, False),
        ({"path": None, "original_filename": "a"}, False),
        ({"type": "x", "value": 1}, True),
    ],
)
def test_present_does_not_take_an_unfinished_upload_for_a_file(value: Any, there: bool) -> None:
    assert passes(Present("files"), files=value) is there
    assert passes(Present("files"), files=[value]) is there
    assert passes(Present("files"), files=[None, value]) is there


@pytest.mark.parametrize(
    ("value", "fits"), [("DTL001", True), ("DTL001\n", False), ("xDTL001", False), (7, False)]
)
def test_matches_wants_the_whole_text(value: Any, fits: bool) -> None:
    assert passes(Matches("physician", r"DTL\d{3}"), physician=value) is fits


def test_matches_reads_the_records_own_name() -> None:
    assert passes(Matches("::identifier", r"DTL\d{3}"))


def test_a_pattern_that_blows_up_elsewhere_is_answered_at_once() -> None:
    assert not passes(Matches("physician", r"((a|b)?,?)*"), physician="a," * 5_000 + "!")


@pytest.mark.parametrize("pattern", ["(", r"(?=look)", r"(a)\1"])
def test_a_pattern_re2_refuses_is_refused_when_the_check_is_made(pattern: str) -> None:
    with pytest.raises(ValueError, match="can't be used"):
        Matches("physician", pattern)


@pytest.mark.parametrize(
    ("value", "inside"),
    [(1, True), (3, True), (0.99, False), (3.01, False), (True, False), ("2", False), (None, False)],
)
def test_range_holds_its_ends_and_only_numbers(value: Any, inside: bool) -> None:
    assert passes(Range("age", min=1, max=3), age=value) is inside


@pytest.mark.parametrize(
    ("value", "one"), [("Normal", True), ("NORMAL", True), ("Norma", False), (None, False)]
)
def test_one_of_in_any_case(value: Any, one: bool) -> None:
    assert passes(OneOf("physician", ("normal",), ignore_case=True), physician=value) is one


def test_one_of_does_not_take_true_for_one() -> None:
    assert not passes(OneOf("age", (1,)), age=True)


@pytest.mark.parametrize(
    ("value", "enough"),
    [
        (None, False),
        ([], False),
        ([file("a.bam", "::blank")], False),
        ([file("a.bam", "::temp")], False),
        ([file("a.bam")], True),
        (file("a.bam"), True),
        (["a.bam"], False),
        ({"path": 7}, False),
    ],
)
def test_files_counts_finished_uploads_only(value: Any, enough: bool) -> None:
    assert passes(Files("files"), files=value) is enough


def test_files_with_only_refuses_one_that_is_not_finished() -> None:
    both = [file("a.bam"), file("b.bam", "::temp")]

    assert passes(Files("files", r".*\.bam"), files=both)
    assert not passes(Files("files", r".*\.bam", only=True), files=both)


def test_files_with_only_names_the_offender() -> None:
    page = patients(DTL001={"files": [file("a.bam"), file("notes.txt")]})

    finding = Files("files", r".*\.bam", only=True).explain(page, 0)

    assert "not one of them: notes.txt" in finding.says


@pytest.mark.parametrize(
    ("names", "paired"),
    [
        (["a_R1.fastq.gz", "a_R2.fastq.gz"], True),
        (["a_S1_L001_R1_001.fastq.gz", "a_S1_L001_R2_001.fastq.gz"], True),
        (["a_S1_L001_R1_001.fastq.gz", "a_S1_L002_R2_001.fastq.gz"], False),
        (["a_S1_L001_R1_001.fastq.gz", "a_S1_L001_R2_001.fastq.gz", "a_S1_L001_I1_001.fastq.gz"], True),
        (["a_1.fq", "a_2.fq"], True),
        (["a_R1.fastq.gz"], False),
        (["a_R1.fastq.gz", "a_R1.fastq.gz", "a_R2.fastq.gz"], False),
        (["a_R1.fastq.gz", "a_R2.fastq"], False),
        (["a.bam"], False),
        ([], False),
    ],
)
def test_mates_are_exactly_two_of_a_stem(names: list[str], paired: bool) -> None:
    assert passes(Mates("files"), files=[file(name) for name in names]) is paired


def test_mates_names_the_one_left_alone() -> None:
    page = patients(DTL001={"files": [*pair("a"), file("b_R1.fastq.gz")]})

    finding = Mates("files").explain(page, 0)

    assert finding.says == "files: without its mate: b_R1.fastq.gz"


@pytest.mark.parametrize(
    ("value", "wide"),
    [([1, 2, 3], True), ([1, 2], False), (None, False), ("abc", False), ([None] * 3, False)],
)
def test_a_matrix_row_is_there_and_as_wide_as_its_templates_columns(value: Any, wide: bool) -> None:
    assert passes(MatrixWidth("counts"), counts=value) is wide


@pytest.mark.parametrize(("value", "enough"), [([1, 2], True), ([1], False), ([], False), (None, False)])
def test_rows_counts_without_reading_them(value: Any, enough: bool) -> None:
    assert passes(Rows("demographics", min=2), demographics=value) is enough


@pytest.mark.parametrize(
    ("first", "later"),
    [
        ("2026-05-04T10:00:01+00:00", True),
        ("2026-05-04T10:00:00+00:00", False),
        ("2026-05-04T11:00:00+02:00", False),
        ("not a time", False),
        (None, False),
    ],
)
def test_updated_after_compares_instants(first: Any, later: bool) -> None:
    check = UpdatedAfter("seen_on", than="updated_at")

    assert passes(check, seen_on=first, updated_at="2026-05-04T10:00:00+00:00") is later


@pytest.mark.parametrize(
    ("than", "later"),
    [("2026-05-04", True), ("2026-05-04T12:00:00+02:00", False), ("2026-05-04T09:59:59Z", True)],
)
def test_updated_after_takes_an_instant_of_its_own(than: str, later: bool) -> None:
    check = UpdatedAfter("seen_on", than=than)

    assert passes(check, seen_on="2026-05-04T10:00:00+00:00") is later
    assert check.reads() == {"seen_on"}


def test_updated_after_refuses_what_is_neither_a_path_nor_an_instant() -> None:
    with pytest.raises(ValueError, match="wants a path or an instant, not '2026-13-01'"):
        UpdatedAfter("seen_on", than="2026-13-01")


@pytest.mark.parametrize(
    ("stamp", "silent"),
    [("2026-05-04T11:52:07+00:00", True), ("2026-05-04T11:52:08+00:00", False), (None, False)],
)
def test_quiet_begins_exactly_when_its_minutes_are_over(stamp: Any, silent: bool) -> None:
    assert passes(Quiet(30), updated_at=stamp) is silent


def test_quiet_says_when_it_will_change_its_mind() -> None:
    page = patients(DTL001={"updated_at": "2026-05-04T12:00:00+00:00"}, DTL002={"updated_at": None})

    ripe = (Quiet(30) & Present("physician")).ripens(page)

    assert [at and at.isoformat() for at in ripe] == ["2026-05-04T12:30:00+00:00", None]


@pytest.mark.parametrize(
    ("document", "fine"), [({"age": 1, "physician": "Dr. A"}, True), ({"age": 1}, False), ({"age": 2}, True)]
)
def test_when_asks_only_where_its_condition_holds(document: dict[str, Any], fine: bool) -> None:
    assert passes(When(OneOf("age", (1,)), Present("physician")), **document) is fine


def complain_of_youth(page: Page) -> list[str]:
    return ["" if (age or 0) >= 18 else "too young" for age in page.values("age")]


def complain_to_nobody(page: Page) -> list[str]:
    return []


def test_custom_runs_a_labs_function_over_the_page() -> None:
    check = Custom("tests.loaders.test_checks:complain_of_youth", ("age",))

    assert passes(check, age=18)
    assert not passes(check, age=17)


def test_custom_that_answers_for_too_few_is_the_loaders_fault() -> None:
    check = Custom("tests.loaders.test_checks:complain_to_nobody", ("age",))

    with pytest.raises(LoaderError, match="answered 0 times for 1 anchors"):
        check.judge(patients(DTL001={}))


def test_custom_that_can_not_be_found_is_misspelt() -> None:
    check = Custom("tests.loaders.test_checks:nobody_wrote_this", ())

    with pytest.raises(MisspeltLoaderError, match="can't find"):
        check.judge(patients(DTL001={}))


def test_a_value_beyond_a_single_link_is_read_there() -> None:
    page = patients(DTL001={"clinical": "DTL001.c"}, DTL002={"clinical": None})

    assert Present("clinical.stage").judge(page) == [False, False]


def test_a_path_through_many_records_has_no_one_value() -> None:
    with pytest.raises(MisspeltLoaderError, match="ask with `linked`"):
        Present("sample.tumor_type").judge(patients(DTL001={"sample": ["DTL001.T1"]}))


@pytest.mark.parametrize("path", ["no_such", "clinical.no_such", "physician.name"])
def test_a_path_the_templates_lack_is_named(path: str) -> None:
    with pytest.raises(UnknownAttributeError, match=path.rsplit(".", maxsplit=1)[0]):
        Present(path).judge(patients(DTL001={"clinical": None}))


def test_linked_counts_those_that_pass_where() -> None:
    page = patients(DTL001={"demographics": [1, 2, 3]})
    page.store.documents.update(  # type: ignore[attr-defined]  # a plain dict in tests
        demographics={"1": {"value": "a"}, "2": {"value": "b"}, "3": {"value": None}}
    )

    finding = Linked("demographics", where=Present("value"), max=1).explain(page, 0)

    assert not finding.passed
    assert finding.seen == ["1", "2"]
    assert finding.says == "demographics: 2 of 3 count, expected exactly 1"


def test_a_linked_record_magma_does_not_show_does_not_count() -> None:
    page = patients(DTL001={"demographics": [1, 2]})
    page.store.documents.update(demographics={"1": {"value": "a"}})  # type: ignore[attr-defined]  # as above

    assert Linked("demographics", min=2).judge(page) == [False]


def test_a_name_is_told_with_whom_to_ask() -> None:
    check = Present("physician").named("a physician", whom="the clinic")

    finding = check.explain(patients(DTL001={}), 0)

    assert finding.why_not() == ["a physician: not so: physician is there (from the clinic)"]
