"""Which of several ways to the same output a person chose last: offered first the next time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from loaders.models import Suggestion, SuggestionEvent
from loaders.states import SuggestionEventKind

#: A project and an output.
Kind = tuple[str, str]


def chosen_last(suggestions: Collection[Suggestion], email: str) -> dict[Kind, str]:
    """By project and output, of what several of these offer, the loader this person accepted last."""
    offered = Counter((*_kind(one), one.anchor) for one in suggestions)
    kinds = {(project, key) for (project, key, _), count in offered.items() if count > 1}
    if not kinds:
        return {}
    accepted = SuggestionEvent.objects.filter(
        kind=SuggestionEventKind.ACCEPTED,
        actor=email,
        suggestion__project__in={project for project, _ in kinds},
        suggestion__output_key__in={key for _, key in kinds},
    )
    kind = ("suggestion__project", "suggestion__output_key")
    told = accepted.order_by(*kind, "-at", "-pk").distinct(*kind).values_list(*kind, "suggestion__loader")
    return {(project, key): loader for project, key, loader in told if (project, key) in kinds}


def preselected(offers: Iterable[Suggestion], chosen: dict[Kind, str]) -> Suggestion:
    """Of a card's offers the one chosen last, or else the first."""
    known = list(offers)
    return next((one for one in known if chosen.get(_kind(one)) == one.loader), known[0])


def _kind(suggestion: Suggestion) -> Kind:
    return suggestion.project, suggestion.output_key
