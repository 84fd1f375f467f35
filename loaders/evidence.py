"""Whether the output somebody waits for is there: the same check before, at the due date and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from loaders import fingerprints
from loaders.gathering import Gatherer, ensure_seen, shapes_of
from loaders.limits import time_limit
from loaders.loader import Loader
from loaders.pages import Page
from loaders.sources.reader import reader_of
from magma.client import Magma

#: How long a loader may take over the outputs of one request.
SECONDS = 60
#: Checks of outputs ask nothing about time; a page needs an instant all the same.
WHENEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Wanted:
    """The anchors whose output is waited for; of a rerun, the state the output must have left."""

    model: str
    anchors: tuple[str, ...]
    changed_from: str = ""


def look(magma: Magma, project: str, loader: Loader, sought: Mapping[int, Wanted]) -> dict[int, bool]:
    """For each of them whether all its outputs are in Magma now. Raises MagmaError when it can't be asked."""
    magma = reader_of(magma, project, [loader])
    shapes = shapes_of(magma.templates(project))
    loader = loader.fitted(shapes)
    gatherer = Gatherer.for_loaders(magma, project, shapes, [loader])
    names = sorted({anchor for wanted in sought.values() for anchor in wanted.anchors})
    page = gatherer.page(names, now=WHENEVER)
    ensure_seen(loader, page)
    return {pk: is_there(gatherer, loader, page, wanted) for pk, wanted in sought.items()}


def is_there(gatherer: Gatherer, loader: Loader, page: Page, wanted: Wanted) -> bool:
    """Whether every anchor is on the page with its output, changed where it had one before."""
    if set(wanted.anchors) - set(page.names):
        return False
    part = page.only(*wanted.anchors)
    with time_limit(SECONDS):
        if not all(loader.outputs.judge(part)):
            return False
    return not wanted.changed_from or output_state(gatherer, loader, part) != wanted.changed_from


def output_state(gatherer: Gatherer, loader: Loader, page: Page) -> str:
    """A digest of the output of all anchors of a page, files by their md5 sums where Magma tells them."""
    reads = loader.outputs.reads()
    whole = gatherer.with_digests(page, range(len(page)), sorted(reads))
    return fingerprints.digest(
        {name: fingerprints.gathered(whole, index, reads) for index, name in enumerate(whole.names)}
    )
