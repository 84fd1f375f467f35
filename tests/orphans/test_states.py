"""The drawings and the tables in the code say the same; every pair of states is tried."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from orphans.errors import AlreadyDecidedError
from orphans.models import AuditEntry, Orphan, Review
from orphans.services.moves import By, move_orphans, move_review
from orphans.states import (
    BUNDLE_MOVES,
    LIVE,
    ORPHAN_MOVES,
    REVIEW_MOVES,
    STRIKE_MOVES,
    Decision,
    OrphanStatus,
    ReviewStatus,
    Source,
)

PAGE = Path(__file__).parents[2] / "docs" / "explanations" / "orphans.md"
DRAWINGS = re.findall(r"```mermaid\nstateDiagram-v2\n(.*?)```", PAGE.read_text(), re.DOTALL)

LEGAL_ORPHAN = {
    "open": {"kept", "later", "leaving", "adopted", "gone"},
    "kept": {"open", "later", "leaving", "adopted", "gone"},
    "later": {"open", "kept", "leaving", "adopted", "gone"},
    "leaving": {"open", "removed", "adopted", "gone"},
}
LEGAL_REVIEW = {
    "gathering": {"open", "cancelled"},
    "open": {"proposed", "approved", "done", "cancelled"},
    "proposed": {"approved", "open", "cancelled"},
    "approved": {"removing", "cancelled"},
    "removing": {"handed_over", "stopped", "done", "cancelled"},
    "handed_over": {"done", "cancelled"},
    "stopped": {"approved", "cancelled"},
}


@pytest.mark.parametrize(
    ("drawing", "moves"),
    list(zip(DRAWINGS, (ORPHAN_MOVES, REVIEW_MOVES, BUNDLE_MOVES, STRIKE_MOVES), strict=True)),
)
def test_the_drawing_shows_every_move_and_no_other(drawing: str, moves: Mapping[Any, frozenset[Any]]) -> None:
    drawn = set(re.findall(r"(\w+) --> (\w+)", drawing))

    assert drawn == {(source.value, target.value) for source in moves for target in moves[source]}


@pytest.mark.django_db
class TestMoves:
    @pytest.mark.parametrize(("source", "target"), list(product(OrphanStatus, OrphanStatus)))
    def test_an_orphan_goes_where_the_table_lets_it_and_leaves_a_line(
        self, source: OrphanStatus, target: OrphanStatus, now: datetime, curator: str
    ) -> None:
        orphan = Orphan.objects.create(
            project="labors", model="victim", record="V", parent_attribute="monster", parent_model="monster",
            status=source, found_at=now, found_by=Source.SCAN, last_seen_at=now,
            closed_at=None if source in LIVE else now,
        )  # fmt: skip

        moved = move_orphans([orphan.pk], to=target, by=By(curator, now))

        assert bool(moved) == (target.value in LEGAL_ORPHAN.get(source.value, set()))
        assert AuditEntry.objects.filter(orphan=orphan, source=source, target=target).count() == len(moved)

    @pytest.mark.parametrize(("source", "target"), list(product(ReviewStatus, ReviewStatus)))
    def test_a_review_goes_where_the_table_lets_it_or_says_who_was_first(
        self, source: ReviewStatus, target: ReviewStatus, now: datetime, curator: str
    ) -> None:
        review = Review.objects.create(
            project="labors", status=source, created_by=curator, created_at=now, decision=Decision.REMOVE,
            approved_by=curator,
        )  # fmt: skip
        refused = False

        try:
            move_review(review, to=target, by=By(curator, now))
        except AlreadyDecidedError:
            refused = True

        assert refused == (target.value not in LEGAL_REVIEW.get(source.value, set()))
        assert AuditEntry.objects.filter(review=review).count() == int(not refused)
