"""Digests of what was read: while they are equal, Magma shows what it showed before.

A file's address is no part of them: Magma signs it anew for every answer. Where an answer could not be
decoded into rows its addresses are left in, and so nothing in it is like before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from loaders import fingerprints
from loaders.gathering import Plan
from loaders.loader import Loader
from loaders.pages import Page
from loaders.shapes import Shapes
from loaders.sights import Sights

#: Bytes a digest has.
LENGTH = 16
#: Like nothing that is read.
NOTHING = bytes(LENGTH)

_packed = msgspec.msgpack.Encoder().encode


def of_page(page: Page) -> bytes:
    """Of all that was read for a page."""
    return _digest(page.store.documents)


def of_anchors(page: Page, links: Collection[tuple[str, ...]]) -> list[bytes]:
    """For each anchor, of all that was read for it along these links."""
    documents = page.store.documents
    if not links:
        own = documents[page.model]
        return [_digest(own[name]) for name in page.names]
    records = Sights(page, frozenset(links)).records
    return [_digest([(m, n, documents[m][n]) for m, n in group]) for group in records]


def _digest(read: Any) -> bytes:
    """SHA-256, cut: processors have it built in."""
    try:
        packed = _packed(read)
    except OverflowError:  # a number of more than 64 bits
        packed = msgspec.json.encode(read)
    return hashlib.sha256(packed).digest()[:LENGTH]


def of_judges(loaders: Sequence[Loader], shadows: Sequence[str], shapes: Shapes, plan: Plan) -> str:
    """Of everything besides the records on which these loaders' verdicts rest."""
    models = {
        model: [repr(shapes[model]), sorted(attributes)] for model, attributes in plan.attributes.items()
    }
    return fingerprints.digest([_program(), [one.mark for one in loaders], shadows, models])


@lru_cache
def _program() -> str:
    """A new release may judge otherwise."""
    whole = hashlib.sha256()
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        whole.update(file.read_bytes())
    return whole.hexdigest()


def is_settled_by_reading(loader: Loader) -> bool:
    """Whether a loader's verdicts follow from what is read for the anchor alone, through code of ours.

    A batch reaches beyond the anchor, turns come with time, and a lab's own code may change without telling.
    """
    return not (loader.batch_by or loader.every_hours or loader.is_foreign)
