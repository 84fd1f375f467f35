"""From a record that changed to the anchors whose verdicts read it: the links, walked backwards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from loaders.gathering import climbs
from loaders.loader import Loader
from loaders.pages import as_names
from loaders.shapes import Shapes
from magma.client import Magma


def paths_of(shapes: Shapes, loader: Loader) -> frozenset[tuple[str, ...]]:
    """Every path of links to what a loader's suggestions rest on: what it reads, and what may hide that."""
    return loader.links | climbs(shapes, loader.model, loader.links)


def paths_to(shapes: Shapes, loader: Loader, model: str) -> list[tuple[str, ...]]:
    """Every path by which a loader's anchors reach records of a model; the empty one is the anchor itself."""
    paths = [path for path in paths_of(shapes, loader) if shapes.end_of(loader.model, path) == model]
    return sorted(paths) + ([()] if loader.model == model else [])


@dataclass
class Backwards:
    """Walks links against their direction, asking Magma for each record's owners once."""

    magma: Magma
    project: str
    shapes: Shapes
    #: (model, attribute) -> record -> the records it names.
    owners: dict[tuple[str, str], dict[str, tuple[str, ...]]] = field(default_factory=dict)

    def anchors_of(self, loader: Loader, model: str, names: Iterable[str]) -> set[str]:
        """The anchors of a loader that read any of these records of `model`, by Magma's links as they are."""
        names = set(names)
        found: set[str] = set()
        for path in paths_to(self.shapes, loader, model):
            reached = names
            for step in reversed(list(self.shapes.steps(loader.model, path))):
                reached = self._backwards(step.trait.leads_to, step.trait.back, reached)
            found |= reached
        return found

    def _backwards(self, model: str, back: str, names: set[str]) -> set[str]:
        if not names or not back:
            return set()
        known = self.owners.setdefault((model, back), {})
        if unknown := sorted(names - known.keys()):
            documents = self.magma.records(self.project, model, unknown, [back])
            known |= {name: as_names(documents.get(name, {}).get(back)) for name in unknown}
        return {owner for name in names for owner in known[name]}
