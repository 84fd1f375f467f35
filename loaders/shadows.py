"""What a shadow loader would have suggested, beside what its live version does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from loaders import registry
from loaders.loader import Loader
from loaders.models import Suggestion
from polyphemus_site.janus.people import Person
from polyphemus_site.projects import decisions


@dataclass(frozen=True)
class Comparison:
    """One shadow loader on one project: suggestions by what would become of them if it went live.

    `live` is the loader it is to follow; empty for one that the project only tries out.
    """

    loader: str
    version: str
    live: str
    added: list[Suggestion]
    withdrawn: list[Suggestion]
    kept: list[Suggestion]


def compared(person: Person, project: str, loaders: Iterable[Loader] | None = None) -> Iterator[Comparison]:
    """Every shadow loader, compared with its live version as far as the person may see."""
    rows = Suggestion.objects.standing().seen_with_shadows(person, [project])
    tried = decisions.of(project).loaders_shadow
    for loader in registry.current() if loaders is None else loaders:
        if loader.is_shadow or loader.name in tried:
            yield _compared(loader, list(rows.filter(loader__in=[loader.name, loader.shadow_of])))


def _compared(loader: Loader, rows: list[Suggestion]) -> Comparison:
    would = {row.anchor: row for row in rows if row.loader == loader.name}
    does = {row.anchor: row for row in rows if row.loader == loader.shadow_of and not row.shadow}
    return Comparison(
        loader=loader.name,
        version=str(loader.version),
        live=loader.shadow_of,
        added=[would[anchor] for anchor in sorted(would.keys() - does.keys())],
        withdrawn=[does[anchor] for anchor in sorted(does.keys() - would.keys())],
        kept=[would[anchor] for anchor in sorted(would.keys() & does.keys())],
    )
