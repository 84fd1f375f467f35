"""Digests of what was read: while they are equal, Magma shows what it showed before.

A file's address is no part of them: Magma signs it anew for every answer. Where an answer could not be
decoded into rows its addresses are left in, and so nothing in it is like before. All are SHA-256, cut:
processors have it built in.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import msgspec

from loaders import fingerprints
from loaders.gathering import Plan
from loaders.loader import Loader
from loaders.pages import Document, Page
from loaders.shapes import Shapes
from loaders.sights import Sights

#: Bytes a digest has.
LENGTH = 16
#: Like nothing that is read.
NOTHING = bytes(LENGTH)

_packed = msgspec.msgpack.Encoder().encode


def of_page(page: Page) -> bytes:
    """Of all that was read for a page."""
    whole = sha256()
    for model, documents in packed(page).items():
        whole.update(_packed([model, *documents]))
        whole.update(b"".join(documents.values()))
    return whole.digest()[:LENGTH]


def of_anchors(page: Page, links: Collection[tuple[str, ...]]) -> list[bytes]:
    """For each anchor, of all that was read for it along these links."""
    documents = packed(page)
    if not links:
        return [
            sha256(spelled).digest()[:LENGTH]
            for spelled in map(documents[page.model].__getitem__, page.names)
        ]
    records = Sights(page, frozenset(links)).records
    return [
        sha256(_packed(group) + b"".join([documents[model][name] for model, name in group])).digest()[:LENGTH]
        for group in records
    ]


def packed(page: Page) -> dict[str, dict[str, bytes]]:
    """Each record that was read in few bytes, spelled once for the page's digest and its own."""
    read = page.store.documents
    return page.once(("packed",), lambda: {model: _each(documents) for model, documents in read.items()})


def _each(documents: Mapping[str, Document]) -> dict[str, bytes]:
    try:
        return dict(zip(documents, map(_packed, documents.values()), strict=True))
    except OverflowError:  # a number of more than 64 bits
        return {name: msgspec.json.encode(document) for name, document in documents.items()}


def of_judges(loaders: Sequence[Loader], shadows: Sequence[str], shapes: Shapes, plan: Plan) -> str:
    """Of everything besides the records on which these loaders' verdicts rest."""
    models = {
        model: [repr(shapes[model]), sorted(attributes)] for model, attributes in plan.attributes.items()
    }
    return fingerprints.digest([_program(), [one.mark for one in loaders], shadows, models])


@lru_cache
def _program() -> str:
    """A new release may judge otherwise."""
    whole = sha256()
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        whole.update(file.read_bytes())
    return whole.hexdigest()


def is_settled_by_reading(loader: Loader) -> bool:
    """Whether a loader's verdicts follow from what is read for the anchor alone, through code of ours.

    A batch reaches beyond the anchor, turns come with time, and code that is no check of ours, wherever it
    comes from, may answer otherwise tomorrow.
    """
    return not (loader.batch_by or loader.every_hours or loader.is_foreign or loader.runs_code)
