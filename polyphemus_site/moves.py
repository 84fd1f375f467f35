"""Tables of moves: for each state, the states that may follow. Every machine of ours is one of these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from django.db.models import TextChoices

State = TypeVar("State", bound=TextChoices)


def sources_of(moves: Mapping[State, frozenset[State]], target: State) -> frozenset[State]:
    """The states from which `target` may be reached: what a conditional UPDATE filters on."""
    return frozenset(source for source, targets in moves.items() if target in targets)
