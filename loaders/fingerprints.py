"""Digests of what a loader sees: equal fingerprints mean the inputs are the same.

A fingerprint covers the loader's name, its version and its inputs; of a file it covers the md5 sums where
Magma tells them, else the stored path and the uploader's name (docs/explanations/loaders.md says what that
misses).
Never a file's address: Magma signs it anew at every call.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from loaders.checks.uploads import entries
from loaders.pages import Page, Store
from loaders.shapes import Special, split


def canonical(value: Any) -> bytes:
    """The one spelling of a JSON value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str).encode()


def digest(value: Any) -> str:
    """The sha256 of a JSON value's one spelling."""
    return hashlib.sha256(canonical(value)).hexdigest()


def fingerprint(page: Page, index: int, *, loader: str, version: str, inputs: Iterable[str]) -> str:
    """The digest of an anchor's inputs, under this loader and version."""
    return digest({"loader": loader, "version": version, "inputs": gathered(page, index, inputs)})


def touch(page: Page, index: int, reads: Iterable[str]) -> str:
    """A cheap digest of everything read and of when it was written: while it is equal nothing has changed."""
    one = page.only(page.names[index])
    stamps = {
        f"{model}/{name}": (one.store.get(model, name) or {}).get("updated_at")
        for model, name in records_read(one, reads)
    }
    return digest({"values": gathered(one, 0, reads), "stamps": stamps})


def gathered(page: Page, index: int, paths: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Path -> record -> its value there."""
    one = page.only(page.names[index])
    return {path: dict(leaves(one, path)) for path in sorted(paths)}


def leaves(one: Page, path: str) -> Iterable[tuple[str, Any]]:
    """The records a one-anchor page's path ends at, each with its value."""
    *links, attribute = split(path)
    model, names = one.model, one.names
    if links:
        model = one.store.shapes.end_of(one.model, tuple(links))
        (names,) = one.linked(".".join(links))
    for name in names:
        yield name, settled(one.store, model, name, attribute)


def settled(store: Store, model: str, name: str, attribute: str) -> Any:
    """A value with nothing in it that changes by itself; files as digests."""
    if attribute == Special.IDENTIFIER:
        return name
    value = (store.get(model, name) or {}).get(attribute)
    if not store.shapes[model].trait(attribute).is_file:
        return value
    known = store.digests.get((model, name, attribute))
    return list(known) if known is not None else [_place(entry) for entry in entries(value)]


def records_read(one: Page, reads: Iterable[str]) -> list[tuple[str, str]]:
    """Every record on the way along the paths: (model, name), sorted."""
    found = {(one.model, name) for name in one.names}
    for path in reads:
        parts = split(path)
        for length in range(1, len(parts)):
            links = parts[:length]
            model = one.store.shapes.end_of(one.model, links)
            found |= {(model, name) for names in one.linked(".".join(links)) for name in names}
    return sorted(found)


def _place(entry: Any) -> Any:
    return [entry.get("path"), entry.get("original_filename")] if isinstance(entry, dict) else entry
