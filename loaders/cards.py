"""Suggestions as pages show them: alternatives on one card, trees of checks as nested lists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from loaders.models import Suggestion

QUESTIONS = {
    "scope": "Is it about this record at all?",
    "needs": "Is everything there?",
    "wellformed": "Is it as it should be?",
    "outputs": "Is the output there?",
}


@dataclass(frozen=True)
class Card:
    """Suggestions that offer the same output for the same records: one of them will do."""

    record: str
    model: str
    offers: tuple[Suggestion, ...]


def of(suggestions: Iterable[Suggestion]) -> list[Card]:
    """Suggestions gathered into cards, in the order of the first of each."""
    gathered: dict[tuple[str, str], list[Suggestion]] = {}
    for suggestion in suggestions:
        gathered.setdefault((suggestion.anchor, suggestion.output_key), []).append(suggestion)
    return [Card(offers[0].anchor, offers[0].model, tuple(offers)) for offers in gathered.values()]


@dataclass(frozen=True)
class Tree:
    """One anchor's findings by question."""

    anchor: str
    questions: list[tuple[str, dict[str, Any]]]


def trees(suggestion: Suggestion) -> list[Tree]:
    """The receipt's trees, each question in words."""
    return [
        Tree(anchor, [(words, found[question]) for question, words in QUESTIONS.items() if question in found])
        for anchor, found in suggestion.receipt.get("anchors", {}).items()
    ]
