"""Reading no more of a model than can be in any loader's scope, where Magma's filters tell and it saves much.

What the filters pass over is out of every scope and is counted so unread. That is told of Magma as it was
when it was asked: an anchor of it for which a suggestion stands is judged by name, never closed unread.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from loaders import demands
from loaders.gathering import Gatherer
from loaders.models import Suggestion
from loaders.services.verdicts import Engine, Tally, faulty
from loaders.states import Verdict
from magma.client import PAGE_SIZE
from magma.errors import MagmaFailed, MagmaForbidden, MagmaRefused
from magma.pages import Page
from magma.walks import Walk

logger = logging.getLogger(__name__)

#: A model that fits on so few pages is read as it is.
SMALL = 1000
#: Of so large a share of the records or less, names first and then the records cost less than all pages do.
SHARE = 0.5


@dataclass(frozen=True)
class Narrowed:
    """A model of which only some anchors are read."""

    engine: Engine
    gatherer: Gatherer
    filters: list[Any]
    #: How many records there are, and how many of them pass the filters, when Magma was asked.
    total: int
    passing: int

    @classmethod
    def of(cls, engine: Engine, gatherer: Gatherer) -> Narrowed | None:
        """The model narrowed; None where that saves little, or where Magma can't be asked so."""
        model = gatherer.model
        usable = engine.usable(model)
        filters = demands.filters(usable, engine.shapes[model])
        if not filters or any(loader.source for loader in usable):
            return None
        try:
            total = engine.magma.count(engine.project, model)
            if total <= SMALL:
                return None
            passing = engine.magma.count(engine.project, model, filters=filters)
        except (MagmaRefused, MagmaForbidden, MagmaFailed) as error:
            logger.info("All of %s %s is read: %s", engine.project, model, error)
            return None
        return cls(engine, gatherer, filters, total, passing) if passing <= SHARE * total else None

    def __iter__(self) -> Iterator[Page]:
        """The records that pass, as Magma spelled them, a page at a time."""
        magma, project, model = self.engine.magma, self.engine.project, self.gatherer.model
        attributes, rows = self.gatherer.attributes, self.gatherer.rows[model].spelled
        for page in self.names(PAGE_SIZE):
            yield replace(
                page, documents=magma.records(project, model, page.documents, attributes, rows=rows)
            )

    def names(self, page_size: int) -> Walk:
        """Their identifiers alone."""
        return self.engine.magma.walk_identifiers(
            self.engine.project, self.gatherer.model, filters=self.filters, page_size=page_size
        )

    def standing(self) -> set[str]:
        """The anchors for which suggestions stand: each is looked at, listed or not."""
        rows = Suggestion.objects.standing().filter(project=self.engine.project, model=self.gatherer.model)
        return {name for members in rows.values_list("members", flat=True) for name in members}

    def passed_over(self) -> Tally:
        """What is not read: out of scope, for every loader that can tell."""
        count, tally = max(0, self.total - self.passing), Tally()
        for loader in (one for one in self.engine.loaders if one.model == self.gatherer.model):
            if fault := self.engine.fault_of(loader):
                tally.add(faulty(loader, count, fault))
            else:
                tally.verdicts[loader.name] = Counter({Verdict.OUT_OF_SCOPE.value: count})
        tally.records = count
        return tally
