"""Suggestions as pages show them: alternatives on one card, trees of checks as nested lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_noop as _

from loaders import choices
from loaders.checks import Finding
from loaders.models import Suggestion

QUESTIONS = {
    "scope": _("Is it about this record at all?"),
    "needs": _("Is everything there?"),
    "wellformed": _("Is it as it should be?"),
    "outputs": _("Is the output there?"),
}


@dataclass(frozen=True)
class Card:
    """Suggestions that offer the same output for the same records: one of them will do."""

    record: str
    model: str
    offers: tuple[Suggestion, ...]
    #: What is chosen unless the person chooses otherwise.
    preselected: Suggestion


def of(suggestions: Sequence[Suggestion], email: str) -> list[Card]:
    """Suggestions gathered into cards for a person, in the order of the first of each."""
    chosen = choices.chosen_last(suggestions, email)
    gathered: dict[tuple[str, str], list[Suggestion]] = {}
    for suggestion in suggestions:
        gathered.setdefault((suggestion.anchor, suggestion.output_key), []).append(suggestion)
    return [
        Card(offers[0].anchor, offers[0].model, tuple(offers), choices.preselected(offers, chosen))
        for offers in gathered.values()
    ]


@dataclass(frozen=True)
class Tree:
    """One anchor's findings by question."""

    anchor: str
    questions: list[tuple[str, Finding]]


def asked(findings: Mapping[str, Finding]) -> list[tuple[str, Finding]]:
    """Findings in the order they are asked, each question in words."""
    return [(words, findings[question]) for question, words in QUESTIONS.items() if question in findings]


def trees(suggestion: Suggestion) -> list[Tree]:
    """The receipt's trees, each question in words."""
    anchors = suggestion.receipt.get("anchors", {})
    return [
        Tree(anchor, asked({question: Finding.from_json(form) for question, form in findings.items()}))
        for anchor, findings in anchors.items()
    ]
