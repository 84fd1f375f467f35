"""However a page is cut or ordered, and in whichever spelling a check arrives, it judges alike."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from loaders.checks import Check, from_json
from loaders.judging import Past, judge
from loaders.library.exome_pipe.loader import ExomePipe
from loaders.pages import Page
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
def test_every_explanation_can_be_kept_as_json(check: Check, page: Page) -> None:
    forms = [check.explain(page, index).as_json() for index in range(len(page))]

    assert json.loads(json.dumps(forms)) == forms


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
