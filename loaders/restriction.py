"""Whether what was read is for upper-case roles only, by attribute or by record."""

from __future__ import annotations

from collections.abc import Iterable

from loaders.fingerprints import records_read
from loaders.gathering import implied
from loaders.loader import Loader
from loaders.pages import Page
from loaders.shapes import RESTRICTED, Shapes, split


def reads_restricted(loader: Loader, shapes: Shapes) -> bool:
    """Whether any attribute the loader reads is restricted by the template."""
    return any(_is_restricted(shapes, loader.model, read) for read in loader.reads)


def _is_restricted(shapes: Shapes, model: str, read: str) -> bool:
    *links, attribute = split(read)
    steps = [step.trait for step in shapes.steps(model, tuple(links))]
    end = shapes[shapes.end_of(model, tuple(links))].trait(attribute)
    return any(trait.restricted for trait in (*steps, end))


def touches_restricted(page: Page, index: int, reads: Iterable[str]) -> bool:
    """Whether any record read for an anchor, or one above it, is marked restricted."""
    one = page.only(page.names[index])
    marks = implied(page.store.shapes, page.model, reads)
    return any(
        (one.store.get(model, name) or {}).get(RESTRICTED) is True for model, name in records_read(one, marks)
    )
