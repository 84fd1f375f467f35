"""What a key may do: pairs of project and analysis, each for one verb. Nothing is allowed by default."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dispatch.states import Verb

ANY = "*"


@dataclass(frozen=True, slots=True)
class Scope:
    """One line of what a key may do; `*` stands for every project, analysis or verb."""

    project: str
    analysis: str
    verb: str = Verb.ANY

    def allows(self, verb: Verb, *, project: str, analysis: str) -> bool:
        """Whether this line covers the verb on that work."""
        return (
            self.verb in {Verb.ANY, verb}
            and self.project in {ANY, project}
            and self.analysis in {ANY, analysis}
        )


@dataclass(frozen=True, slots=True)
class Scopes:
    """All the lines of a key."""

    lines: tuple[Scope, ...] = ()

    def __iter__(self) -> Iterator[Scope]:
        """The lines."""
        return iter(self.lines)

    def allow(self, verb: Verb, *, project: str, analysis: str) -> bool:
        """Whether any line covers the verb on that work."""
        return any(line.allows(verb, project=project, analysis=analysis) for line in self.lines)

    def pairs(self, verb: Verb) -> tuple[list[str], list[str]]:
        """Projects and analyses of the lines for a verb, side by side, as an SQL `unnest` takes them."""
        lines = [line for line in self.lines if line.verb in {Verb.ANY, verb}]
        return [line.project for line in lines], [line.analysis for line in lines]


EVERYTHING = Scopes((Scope(ANY, ANY),))
