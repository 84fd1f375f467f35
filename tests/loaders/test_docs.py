"""The documentation says what the code does."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import msgspec
import pytest

from loaders.checks import CHECKS
from loaders.declared import Spelling
from loaders.loader import Loader
from loaders.states import MOVES, Verdict

DOCS = Path(__file__).resolve().parents[2] / "docs"
CHECKS_PAGE = (DOCS / "reference" / "checks.md").read_text(encoding="utf-8")
LOADER_PAGE = (DOCS / "reference" / "loaders.md").read_text(encoding="utf-8")
QUESTIONS = ("scope", "needs", "wellformed", "outputs")
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


def test_every_word_a_loader_can_say_is_explained() -> None:
    cells = re.findall(r"^\| (`[^|]+) \|", LOADER_PAGE, re.MULTILINE)
    said = {word for cell in cells for word in re.findall(r"`(\w+)`", cell)}
    values = {
        name for name, value in vars(Loader).items() if isinstance(value, str | tuple | int | frozenset)
    }
    in_python = {name for name in values if not name.startswith("_")} | {"config", *QUESTIONS}
    in_yaml = {field.name for field in msgspec.structs.fields(Spelling)}

    assert said - {"source"} == (in_python | in_yaml) - {"source"}
