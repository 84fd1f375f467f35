"""Loaders that suggest by batch see batches whole, however the page was cut."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeAlias

from loaders.errors import MisspeltLoaderError
from loaders.gathering import Gatherer
from loaders.loader import Loader
from loaders.names import is_kept
from loaders.pages import Page, as_names

#: Batch -> its anchors when it was suggested; they may have moved to others since.
Shared: TypeAlias = Mapping[str, Collection[str]]


def whole_batches(gatherer: Gatherer, loader: Loader, page: Page, shared: Shared) -> Page:
    """The page, widened to every anchor that shares a batch with one on it, or did when it was suggested."""
    if not loader.batch_by:
        return page
    step = gatherer.shapes.step(loader.model, loader.batch_by)
    if step.trait.is_many or not step.trait.back:
        raise MisspeltLoaderError(f"{loader.batch_by!r} can't be batched by: it must lead to one record.")
    page = _with(gatherer, page, set(chain.from_iterable(shared.values())))
    batches = {name for value in page.values(loader.batch_by) for name in as_names(value)}
    target, back = step.trait.leads_to, step.trait.back
    found = gatherer.magma.records(gatherer.project, target, sorted(batches), [back]) if batches else {}
    members = {name for document in found.values() for name in as_names(document.get(back))}
    return _with(gatherer, page, members)


@dataclass(frozen=True)
class Met:
    """The batches that one scan has judged: each whole, though its members may lie on many pages."""

    #: Loader -> the batches judged by it.
    judged: dict[str, set[str]] = field(default_factory=dict)

    def left_of(self, loader: Loader, page: Page, shared: Shared) -> tuple[Page, Shared]:
        """The same without batches judged already; yet with every anchor that any other batch may miss."""
        known = self.judged.get(loader.name)
        if not known:
            return page, shared
        shared = {batch: members for batch, members in shared.items() if batch not in known}
        missed = set(chain.from_iterable(shared.values()))
        batches = zip(page.names, page.values(loader.batch_by), strict=True)
        left = [name for name, value in batches if name in missed or known.isdisjoint(as_names(value))]
        return page if len(left) == len(page) else page.only(*left), shared

    def note(self, loader: Loader, whole: Page) -> None:
        """All the batches on a page have been judged whole."""
        if loader.batch_by:
            found = {name for value in whole.values(loader.batch_by) for name in as_names(value)}
            self.judged.setdefault(loader.name, set()).update(found)


def _with(gatherer: Gatherer, page: Page, names: Collection[str]) -> Page:
    absent = set(filter(is_kept, names)) - set(page.names)
    return gatherer.page([*page.names, *sorted(absent)], now=page.now) if absent else page
