"""A page as Magma spelled it, which is decoded as far as somebody must look into it.

A full scan asks first whether a page reads as before, and mostly it does. That is told by the bytes alone,
and by the few links along which they were read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from loaders.gathering import Documents, Gatherer
from loaders.pages import Document, Page, Store
from loaders.sights import Record, Sights
from magma.rows import Spelled, as_spelled

#: Of a record that leads on to no others.
NO_LINKS: Document = {}


@dataclass(frozen=True)
class SpelledPage:
    """Anchors, and the records they lead to."""

    gatherer: Gatherer
    #: Model -> record -> its bytes.
    spelled: Mapping[str, Mapping[str, Spelled]]
    #: Of the same records no more than their links.
    linked: Documents
    now: datetime

    @classmethod
    def of(cls, gatherer: Gatherer, anchors: Mapping[str, Spelled], *, now: datetime) -> SpelledPage:
        """The page of anchors already read: one more request for each model they lead to."""
        spelled: dict[str, dict[str, Spelled]] = {gatherer.model: dict(anchors)}

        def read(model: str, names: set[str]) -> Mapping[str, Document]:
            if not names:
                return {}
            asked, rows = sorted(gatherer.plan.attributes[model]), gatherer.rows[model].spelled
            found = gatherer.magma.records(gatherer.project, model, sorted(names), asked, rows=rows)
            spelled.setdefault(model, {}).update(as_spelled(found))
            return _links(gatherer, model, as_spelled(found))

        linked = gatherer.along(_links(gatherer, gatherer.model, anchors), read)
        return cls(gatherer, spelled, linked, now)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The anchors."""
        return tuple(self.spelled[self.gatherer.model])

    @cached_property
    def records(self) -> list[tuple[Record, ...]]:
        """For each anchor itself and every record read for it."""
        page = Page(self.gatherer.model, self.names, Store(self.gatherer.shapes, self.linked, self.now))
        return Sights(page, frozenset(self.gatherer.plan.links)).records

    def page(self, names: Iterable[str]) -> Page:
        """The page of some of the anchors, decoded."""
        chosen = tuple(names)
        documents = self.gatherer.along(self._decoded(self.gatherer.model, chosen), self._decoded)
        return Page(self.gatherer.model, chosen, Store(self.gatherer.shapes, documents, self.now))

    def _decoded(self, model: str, names: Iterable[str]) -> Mapping[str, Document]:
        known = self.spelled.get(model, {})
        return self.gatherer.rows[model].read({name: known[name] for name in names if name in known})


def _links(gatherer: Gatherer, model: str, spelled: Mapping[str, Spelled]) -> Mapping[str, Document]:
    ways = gatherer.ways.get(model)
    return ways.read(spelled) if ways else dict.fromkeys(spelled, NO_LINKS)
