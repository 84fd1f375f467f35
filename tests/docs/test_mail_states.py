"""The drawing of a notice's life is the table the code goes by."""

from __future__ import annotations

import re
from pathlib import Path

from polyphemus_site.mail.states import MOVES, NoticeStatus

ROOT = Path(__file__).resolve().parents[2]
ARROW = re.compile(r"^\s+(\w+) --> (\w+)", re.MULTILINE)


def test_the_drawing_shows_each_move_and_no_other() -> None:
    drawn = set(ARROW.findall((ROOT / "docs/explanations/mail.md").read_text(encoding="utf-8")))

    assert drawn == {(source.value, target.value) for source in NoticeStatus for target in MOVES[source]}
