"""Anchors that all checks answer alike are judged as one; whoever differs is judged apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from loaders.checks import Check, Finding, Present, Range
from loaders.judging import Past, verdicts
from loaders.kinds import Kinds
from loaders.loader import Loader
from loaders.pages import Page
from loaders.states import Verdict
from tests.loaders.pages import patients


class Aged(Loader):
    name = "aged"
    model = "patient"
    analysis = "aged"
    inputs = ("age",)
    scope = Present("physician") | Present("age")
    needs = Range("age", min=18)
    outputs = Present("files")


def many() -> Page:
    """A hundred patients: the even ones are of age."""
    return patients(**{f"P{number}": {"age": 10 + 20 * (1 - number % 2)} for number in range(100)})


@dataclass(frozen=True)
class Broken(Check):
    id: ClassVar[str] = "broken"

    def reads(self) -> frozenset[str]:
        return frozenset()

    def judge(self, page: Page) -> list[bool]:
        raise ZeroDivisionError(page.model)

    def explain(self, page: Page, index: int) -> Finding:
        raise ZeroDivisionError(page.names[index])


# as if it came with Polyphemus: a lab's own code is judged anchor by anchor in any case
Broken.__module__ = "loaders.checks.broken"


class Failing(Aged):
    name = "failing"
    needs: Any = Broken()


def test_of_each_kind_one_is_judged() -> None:
    kinds = Kinds.of(many(), [Aged()])

    assert len(kinds.examples) == 2
    assert kinds.spread(["of age", "minor"])[:4] == ["of age", "minor", "of age", "minor"]


def test_a_kind_is_told_by_every_loader_of_the_page() -> None:
    class Elders(Aged):
        name = "elders"
        needs = Range("age", min=30)

    page = patients(A={"age": 20}, B={"age": 40}, C={"age": 21})

    assert Kinds.of(page, [Aged(), Elders()]).codes == [0, 1, 0]


def test_a_request_sets_an_anchor_apart_from_its_kind() -> None:
    page = many()

    found = verdicts(Aged(), page, Past(in_progress=frozenset({"P2", "P3"})))

    assert found.verdicts[:5] == [
        Verdict.DUE, Verdict.WAITING, Verdict.IN_PROGRESS, Verdict.WAITING, Verdict.DUE,
    ]  # fmt: skip
    assert found.apart == {2}


def test_a_check_that_fails_costs_its_own_loader_only() -> None:
    kinds = Kinds.of(many(), [Failing(), Aged()])

    assert [kinds.covers(loader) for loader in (Failing(), Aged())] == [False, True]


def test_what_is_kept_for_one_anchor_alone_is_not_taken_for_an_example() -> None:
    page = patients(A={"age": 20})
    alone = page.only("A")

    kinds = Kinds.of(page, [Aged()])

    assert kinds.examples.answers.keys() == kinds.asked
    assert alone.answers == {}


def test_what_several_checks_ask_of_an_anchor_is_explained_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    explain = Range.explain

    def counted(self: Range, page: Page, index: int) -> Finding:
        asked.append(index)
        return explain(self, page, index)

    monkeypatch.setattr(Range, "explain", counted)
    page, of_age = many(), Range("age", min=18)
    for check in (of_age, of_age & Present("age"), ~of_age | Present("physician")):
        check.explained(page, 7)

    assert asked == [7]
