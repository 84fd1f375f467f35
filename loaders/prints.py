"""Digests of what was read: while they are equal, Magma shows what it showed before.

They are taken of the bytes as Magma spelled them, without the addresses of files, which it signs anew for
every answer. Spelled otherwise, the same would be judged once more, and no harm done. All are SHA-256, cut:
processors have it built in.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import msgspec

from loaders import fingerprints
from loaders.gathering import Plan
from loaders.loader import Loader
from loaders.shapes import Shapes
from loaders.spelled import SpelledPage

#: Bytes a digest has.
LENGTH = 16
#: Like nothing that is read.
NOTHING = bytes(LENGTH)

_packed = msgspec.msgpack.Encoder().encode


def of_page(page: SpelledPage) -> bytes:
    """Of all that was read for a page."""
    whole = sha256()
    for model, documents in page.spelled.items():
        whole.update(_packed([model, *documents]))
        whole.update(b"".join(documents.values()))
    return whole.digest()[:LENGTH]


def of_anchors(page: SpelledPage) -> list[bytes]:
    """For each anchor, of all that was read for it."""
    spelled = page.spelled
    if not page.gatherer.plan.links:
        return [sha256(one).digest()[:LENGTH] for one in spelled[page.gatherer.model].values()]
    return [
        sha256(_packed(group) + b"".join([spelled[model][name] for model, name in group])).digest()[:LENGTH]
        for group in page.records
    ]


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
