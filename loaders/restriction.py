"""Whether a loader reads what the template restricts to upper-case roles; records' own marks: sights.py."""

from __future__ import annotations

from loaders.loader import Loader
from loaders.shapes import Shapes, split


def reads_restricted(loader: Loader, shapes: Shapes) -> bool:
    """Whether any attribute the loader reads is restricted by the template."""
    return any(_is_restricted(shapes, loader.model, read) for read in loader.reads)


def _is_restricted(shapes: Shapes, model: str, read: str) -> bool:
    *links, attribute = split(read)
    steps = [step.trait for step in shapes.steps(model, tuple(links))]
    end = shapes[shapes.end_of(model, tuple(links))].trait(attribute)
    return any(trait.restricted for trait in (*steps, end))
