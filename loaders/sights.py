"""What each anchor of a page rests on: the records read for it, when they were written, which are restricted.

Computed for the whole page at once, and only when asked.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from hashlib import sha256

from loaders.checks.times import instant
from loaders.gathering import climbs
from loaders.pages import Page
from loaders.shapes import RESTRICTED

#: Magma's stamps are whole seconds: what was written this lately may be written again under the same stamp.
UNSETTLED = timedelta(seconds=5)

Record = tuple[str, str]
#: A path of links.
Links = tuple[str, ...]


@dataclass(frozen=True)
class Sights:
    """The records behind a page's anchors, along the paths that are read."""

    page: Page
    links: frozenset[Links]

    @classmethod
    def of(cls, page: Page, links: frozenset[Links]) -> Sights:
        """Those of a page and a set of links; loaders that follow the same share them."""
        return page.once(("sights", links), lambda: cls(page, links))

    @cached_property
    def records(self) -> list[tuple[Record, ...]]:
        """For each anchor itself and every record read for it, each once."""
        return self._along(self.links)

    def touch(self, index: int) -> str:
        """A digest of which records were read for an anchor and when each was last written.

        Any write stamps its record, so while this is equal nothing read has changed. "" where that can't be
        relied on: a stamp is missing, or so young that the same second may see another write.
        """
        if index not in self._touches:
            self._touches[index] = self._touch(self.records[index])
        return self._touches[index]

    @cached_property
    def _touches(self) -> dict[int, str]:
        return {}

    @cached_property
    def settled(self) -> list[bool]:
        """For each anchor whether, while its records and their stamps are the same, nothing was written."""
        if not self._unsettled:
            return [True] * len(self.page)
        return list(map(self._unsettled.isdisjoint, self.records))

    @cached_property
    def _unsettled(self) -> set[Record]:
        """Of all records read, those whose stamps can't be relied on; loaders of a page share them."""
        return self.page.once(("unsettled",), self._find_unsettled)

    def _find_unsettled(self) -> set[Record]:
        return {
            (model, name)
            for model, documents in self.page.store.documents.items()
            for name, document in documents.items()
            if not self._is_old(document.get("updated_at"))
        }

    @cached_property
    def restricted(self) -> list[bool]:
        """For each anchor whether a record read for it, or one above such a record, is marked restricted."""
        if not self._hidden:
            return [False] * len(self.page)
        above = climbs(self.page.store.shapes, self.page.model, self.links)
        return [not self._hidden.isdisjoint(records) for records in self._along(above)]

    @cached_property
    def _hidden(self) -> set[Record]:
        """Of all records read, those marked so; loaders of a page share them as well."""
        return self.page.once(("hidden",), self._find_hidden)

    def _find_hidden(self) -> set[Record]:
        return {
            (model, name)
            for model, documents in self.page.store.documents.items()
            for name, document in documents.items()
            if document.get(RESTRICTED) is True
        }

    def _along(self, prefixes: Collection[Links]) -> list[tuple[Record, ...]]:
        own: list[tuple[Record, ...]] = [((self.page.model, name),) for name in self.page.names]
        for prefix in sorted(prefixes):
            model = self.page.store.shapes.end_of(self.page.model, prefix)
            columns = self.page.linked(".".join(prefix))
            own = [
                (*records, *((model, name) for name in names))
                for records, names in zip(own, columns, strict=True)
            ]
        return [tuple(dict.fromkeys(records)) for records in own] if prefixes else own

    def _touch(self, records: tuple[Record, ...]) -> str:
        if not self._unsettled.isdisjoint(records):
            return ""
        documents = self.page.store.documents
        told = "\0".join(  # which is in no name
            f"{model}\0{name}\0{documents[model][name].get('updated_at')}" for model, name in records
        )
        return sha256(told.encode()).hexdigest()

    def _is_old(self, stamp: object) -> bool:
        """Whether no other write can come to bear the same stamp."""
        if not stamp or not isinstance(stamp, str):
            return False
        if stamp < self._settled_before:
            return True
        at = instant(stamp)
        return at is not None and at <= self.page.now - UNSETTLED

    @cached_property
    def _settled_before(self) -> str:
        """Stamps of an earlier day need no parsing: text order is time order in Magma's UTC."""
        return f"{self.page.now - UNSETTLED - timedelta(days=1):%Y-%m-%d}"


def digest_of(touches: list[str]) -> str:
    """Several anchors' touches as one; "" when any can't be relied on."""
    if len(touches) == 1:
        return touches[0]
    return sha256("\n".join(touches).encode()).hexdigest() if all(touches) else ""
