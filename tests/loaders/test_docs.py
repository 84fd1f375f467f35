"""The documentation says what the code does."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from loaders.checks import CHECKS
from loaders.states import MOVES, Verdict

DOCS = Path(__file__).resolve().parents[2] / "docs"
CHECKS_PAGE = (DOCS / "reference" / "checks.md").read_text(encoding="utf-8")
LOADERS_PAGE = (DOCS / "explanations" / "loaders.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `(\w+)` \|.*\| ([^|]*) \|$", CHECKS_PAGE, re.MULTILINE))


def test_every_check_has_a_row_and_every_row_a_check() -> None:
    assert set(ROWS) == set(CHECKS)


@pytest.mark.parametrize("name", CHECKS)
def test_a_row_names_every_field(name: str) -> None:
    known = {field.name for field in fields(CHECKS[name])}  # type: ignore[arg-type]  # every check is a dataclass

    assert set(re.findall(r"`(\w+)`", ROWS[name])) == known


def test_the_drawing_of_suggestions_is_the_table_of_moves() -> None:
    drawing = LOADERS_PAGE.split("stateDiagram-v2")[1].split("```")[0]
    arrows = set(re.findall(r"^  (\w+) --> (\w+)$", drawing, re.MULTILINE))

    assert arrows == {(source.value, target.value) for source, targets in MOVES.items() for target in targets}


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_is_explained(verdict: Verdict) -> None:
    assert verdict.value.replace("_", " ") in LOADERS_PAGE
