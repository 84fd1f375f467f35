"""However a page is cut or ordered, and in whichever spelling a check arrives, it judges alike."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from loaders.checks import Check, Mates, Range, from_json
from loaders.fingerprints import digest, gathered
from loaders.gathering import Plan
from loaders.judging import ORDER, Past, judge, reason, verdicts
from loaders.kinds import Kinds
from loaders.library.exome_pipe.loader import ExomePipe
from loaders.loader import Loader
from loaders.pages import Page
from loaders.states import DueReason, Verdict
from tests.loaders.pages import SHAPES, file, patients
from tests.loaders.strategies import checks, pages


@settings(deadline=None)
@given(checks, pages)
def test_a_page_and_its_records_one_by_one_agree(check: Check, page: Page) -> None:
    one_by_one = [check.judge(page.only(name))[0] for name in page.names]

    assert check.judge(page) == one_by_one


@settings(deadline=None)
@given(checks, pages)
def test_a_judgement_and_its_explanation_agree(check: Check, page: Page) -> None:
    explained = [check.explain(page, index).passed for index in range(len(page))]

    assert check.judge(page) == explained


@settings(deadline=None)
@given(checks, pages)
def test_a_failure_has_a_complaint_and_a_pass_has_none(check: Check, page: Page) -> None:
    findings = [check.explain(page, index) for index in range(len(page))]

    assert [finding.passed for finding in findings] == [not finding.complaints() for finding in findings]


@settings(deadline=None)
@given(checks, pages)
def test_both_ways_through_json_it_stays_the_same_check(check: Check, page: Page) -> None:
    again = from_json(json.loads(json.dumps(check.as_json())), trusted=True)

    assert again.as_json() == check.as_json()
    assert again.judge(page) == check.judge(page)
    assert again.reads() == check.reads()


@settings(deadline=None)
@given(checks, pages)
def test_it_reads_no_more_than_it_says(check: Check, page: Page) -> None:
    told = Plan.of(SHAPES, "patient", check.reads()).attributes
    documents = {
        model: {
            name: {key: value for key, value in document.items() if key in told.get(model, ())}
            for name, document in known.items()
            if model in told
        }
        for model, known in page.store.documents.items()
    }

    narrow = Page("patient", page.names, replace(page.store, documents=documents))

    assert check.judge(narrow) == check.judge(page)


@settings(deadline=None)
@given(checks, pages)
def test_every_explanation_can_be_kept_as_json(check: Check, page: Page) -> None:
    findings = [check.explain(page, index) for index in range(len(page))]
    forms = [finding.as_json() for finding in findings]

    assert json.loads(json.dumps(forms)) == forms
    assert [json.loads(bytes(finding.spelled)) for finding in findings] == forms


@settings(deadline=None)
@given(pages, st.randoms(use_true_random=False), st.integers(1, 4))
def test_verdicts_depend_neither_on_the_order_nor_on_the_size_of_pages(
    page: Page, random: object, size: int
) -> None:
    loader, past = ExomePipe(), Past(completed=dict.fromkeys(page.names, "another"))
    shuffled = list(page.names)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random

    whole = {found.anchor: found.verdict for found in judge(loader, page, past)}
    cut = {
        found.anchor: found.verdict
        for start in range(0, len(shuffled), size)
        for found in judge(loader, page.only(*shuffled[start : start + size]), past)
    }

    assert cut == whole


#: Loaders of patients that ask anything at all.
loaders_of_any_kind = st.builds(
    lambda scope, needs, wellformed, outputs: type(
        "Any",
        (Loader,),
        {
            "name": "any", "model": "patient", "analysis": "any", "inputs": ("physician", "files"),
            "scope": scope, "needs": needs, "wellformed": wellformed, "outputs": outputs,
        },
    )(),
    st.none() | checks, st.none() | checks, st.none() | checks, checks,
)  # fmt: skip


@settings(deadline=None)
@given(loaders_of_any_kind, pages, st.permutations(range(5)), st.integers(1, 5), st.sets(st.integers(0, 4)))
def test_whatever_a_loader_asks_its_verdicts_depend_on_neither(
    loader: Loader, page: Page, order: list[int], size: int, busy: set[int]
) -> None:
    names = [page.names[place] for place in order if place < len(page)]
    past = Past(
        in_progress=frozenset(f"P{number}" for number in busy), completed=dict.fromkeys(names, "another")
    )

    whole = {found.anchor: (found.verdict, found.due) for found in judge(loader, page, past)}
    cut = {
        found.anchor: (found.verdict, found.due)
        for start in range(0, len(names), size)
        for found in judge(loader, page.only(*names[start : start + size]), past)
    }

    assert cut == whole


def asked_alone(loader: Loader, page: Page, index: int, past: Past) -> tuple[Verdict, DueReason | None]:
    """The verdict on one anchor as the order of questions has it, from what explains it and nothing else."""
    name = page.names[index]
    passed = {
        question: check.explain(Page(page.model, (name,), page.store), 0).passed
        for question, check in loader.checks.items()
    }
    for question, failing in ORDER:
        if not passed.get(question, True):
            return failing, None
    if name in past.in_progress:
        return Verdict.IN_PROGRESS, None
    if not passed["outputs"]:
        return Verdict.DUE, DueReason.MISSING
    if past.completed.get(name) not in {None, covered(loader, page, index)}:
        return Verdict.DUE, DueReason.CHANGED
    return Verdict.FRESH, None


def covered(loader: Loader, page: Page, index: int) -> str:
    """The fingerprint by its definition."""
    inputs = gathered(page, index, loader.inputs)
    return digest({"loader": loader.identity, "version": loader.version, "inputs": inputs})


@settings(deadline=None)
@given(
    st.lists(loaders_of_any_kind, min_size=1, max_size=4),
    pages,
    st.sets(st.integers(0, 4)),
    st.sets(st.integers(0, 4)),
)
def test_loaders_that_share_a_page_judge_as_if_each_record_were_asked_about_alone(
    loaders: list[Loader], page: Page, busy: set[int], changed: set[int]
) -> None:
    completed = {
        name: "another" if number in changed else covered(loaders[0], page, number)
        for number, name in enumerate(page.names)
    }
    past = Past(in_progress=frozenset(f"P{number}" for number in busy), completed=completed)

    kinds = Kinds.of(page, loaders)
    together = [verdicts(loader, page, past, kinds=kinds) for loader in loaders]

    assert [found.counts for found in together] == [
        Counter(verdict.value for verdict in found.verdicts) for found in together
    ]
    assert [[(found.at(i).verdict, found.at(i).due) for i in range(len(page))] for found in together] == [
        [asked_alone(loader, page, index, past) for index in range(len(page))] for loader in loaders
    ]


#: Names of reads, of index reads, and of what is nearly such.
names_of_reads = st.builds(
    "{}{}{}{}{}{}".format,
    st.sampled_from(("", "a", "I1", "x_R1", "x.1", "b_2_001.fq", "\n")),
    st.sampled_from(("_", ".", "")),
    st.sampled_from(("", "R", "I")),
    st.sampled_from(("1", "2", "3")),
    st.sampled_from(("", "_001", "_112", "_12", "_R1")),
    st.sampled_from((".fastq.gz", ".fq", ".fastq.bz2", ".fq.gz", ".fastq", ".f", ".fastq.gz\n", ".fq.fq")),
)


@settings(deadline=None, max_examples=1000)
@given(names_of_reads, names_of_reads | st.none())
def test_a_pair_told_quickly_has_nothing_odd_about_it(one: str, another: str | None) -> None:
    two = another if another is not None else one.replace("1.", "2.").replace("1_0", "2_0")
    page = patients(P={"files": [file(one), file(two)]})

    mates = Mates("files")

    assert mates.judge(page) == [mates.explain(page, 0).passed] == [not mates.odd([one, two])]


numbers = st.none() | st.integers() | st.floats(allow_nan=False) | st.sampled_from((0, 1, -0.0, 2.5))


@settings(deadline=None)
@given(numbers, numbers, st.lists(numbers | st.booleans(), max_size=8))
def test_a_column_of_numbers_is_in_a_range_as_each_of_them_is(
    least: float | None, most: float | None, column: list[float | None]
) -> None:
    try:
        check = Range("age", min=least, max=most)
    except ValueError:  # no range
        return
    page = patients(**{f"P{place}": {"age": value} for place, value in enumerate(column)})

    assert check.judge(page) == [value is not None and check.accepts(value) for value in column]


@settings(deadline=None)
@given(loaders_of_any_kind, pages)
def test_every_verdict_has_one_reason(loader: Loader, page: Page) -> None:
    reasons = [reason(loader, page, found) for found in judge(loader, page, Past())]

    assert all(one.endswith(".") and len(one) > 5 for one in reasons)
