"""Loaders that suggest by batch see batches whole, however the page was cut."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from loaders.errors import MisspeltLoaderError
from loaders.gathering import Gatherer
from loaders.loader import Loader
from loaders.names import is_kept
from loaders.pages import Page, as_names


def whole_batches(gatherer: Gatherer, loader: Loader, page: Page, also: Collection[str] = ()) -> Page:
    """The page, widened to every anchor that shares a batch with one on it.

    `also`: anchors that shared a batch when it was suggested; they may have moved to others since.
    """
    if not loader.batch_by:
        return page
    step = gatherer.shapes.step(loader.model, loader.batch_by)
    if step.trait.is_many or not step.trait.back:
        raise MisspeltLoaderError(f"{loader.batch_by!r} can't be batched by: it must lead to one record.")
    page = _with(gatherer, page, also)
    batches = {name for value in page.values(loader.batch_by) for name in as_names(value)}
    target, back = step.trait.leads_to, step.trait.back
    shared = gatherer.magma.records(gatherer.project, target, sorted(batches), [back]) if batches else {}
    members = {name for document in shared.values() for name in as_names(document.get(back))}
    return _with(gatherer, page, members)


@dataclass(frozen=True)
class Met:
    """The batches that one scan has judged: each whole, though its members may lie on many pages."""

    #: Loader -> the batches judged by it.
    judged: dict[str, set[str]] = field(default_factory=dict)

    def left_of(self, loader: Loader, page: Page) -> Page:
        """The page without the anchors of batches judged already."""
        known = self.judged.get(loader.name)
        if not known:
            return page
        batches = zip(page.names, page.values(loader.batch_by), strict=True)
        left = [name for name, value in batches if known.isdisjoint(as_names(value))]
        return page if len(left) == len(page) else page.only(*left)

    def note(self, loader: Loader, whole: Page) -> None:
        """All the batches on a page have been judged whole."""
        if loader.batch_by:
            found = {name for value in whole.values(loader.batch_by) for name in as_names(value)}
            self.judged.setdefault(loader.name, set()).update(found)


def _with(gatherer: Gatherer, page: Page, names: Collection[str]) -> Page:
    absent = set(filter(is_kept, names)) - set(page.names)
    return gatherer.page([*page.names, *sorted(absent)], now=page.now) if absent else page
