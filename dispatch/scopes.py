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

    def projects(self, verb: Verb, *, analysis: str) -> list[str]:
        """Where the verb may be done for an analysis: projects, or `*` for all."""
        return [
            line.project
            for line in self.lines
            if line.verb in {Verb.ANY, verb} and line.analysis in {ANY, analysis}
        ]

    def named_projects(self) -> tuple[str, ...]:
        """The projects the lines name, each once; `*` names none."""
        return tuple(dict.fromkeys(line.project for line in self.lines if line.project != ANY))


EVERYTHING = Scopes((Scope(ANY, ANY),))
