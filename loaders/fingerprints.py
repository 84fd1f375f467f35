"""Digests of what a loader sees: equal fingerprints mean the inputs are the same.

A fingerprint covers the loader's name, its version and its inputs; of a file it covers the md5 sums where
Magma tells them, else the stored path and the uploader's name (docs/explanations/loaders.md says what that
misses).
Never a file's address: Magma signs it anew at every call.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from functools import lru_cache
from types import NoneType
from typing import Any

import msgspec

from loaders.checks.uploads import entries
from loaders.pages import Page, Store
from loaders.shapes import Special, split

SPELL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str).encode


#: Spells texts alike, and much faster; numbers not always.
SPELL_TEXTS = msgspec.json.Encoder(order="sorted").encode
TEXT = frozenset({str})
WORDS = frozenset({str, bool, NoneType})


def canonical(value: Any) -> bytes:
    """The one spelling of a JSON value."""
    return SPELL_TEXTS(value) if _is_in_words(value) else SPELL(value).encode()


def _is_in_words(value: Any) -> bool:
    """Whether there are only texts in it, and lists and objects of them: no numbers."""
    kind = type(value)
    if kind is dict:
        return set(map(type, value)) <= TEXT and _are_in_words(value.values())
    return _are_in_words(value) if kind is list else kind in WORDS


def _are_in_words(values: Collection[Any]) -> bool:
    return set(map(type, values)) <= WORDS or all(map(_is_in_words, values))


def digest(value: Any) -> str:
    """The sha256 of a JSON value's one spelling."""
    return hashlib.sha256(canonical(value)).hexdigest()


def fingerprint(
    page: Page, index: int, *, loader: str, version: str, inputs: Iterable[str], turn: int | None = None
) -> str:
    """The digest of an anchor's inputs, under this loader and version, and of its turn where it has turns."""
    whole = b"".join((b'{"inputs":', spelled(page, index, _sorted(inputs)), _signed(loader, version, turn)))
    return hashlib.sha256(whole).hexdigest()


@lru_cache(maxsize=1024)
def _signed(loader: str, version: str, turn: int | None) -> bytes:
    """How the one spelling of it goes on, which many anchors have in common."""
    turns = [b'"turn":' + canonical(turn)] if turn is not None else []
    parts = [b'"loader":' + canonical(loader), *turns, b'"version":' + canonical(version)]
    return b"," + b",".join(parts) + b"}"


def _sorted(inputs: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(inputs)))


def spelled(page: Page, index: int, paths: tuple[str, ...]) -> bytes:
    """The one spelling of what is at these paths, made once however many loaders cover the same."""
    return page.once(("gathered", paths, index), lambda: canonical(gathered(page, index, paths)))


def gathered(page: Page, index: int, paths: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Path -> record -> its value there."""
    return {path: dict(leaves(page, index, path)) for path in sorted(paths)}


def leaves(page: Page, index: int, path: str) -> Iterable[tuple[str, Any]]:
    """The records an anchor's path ends at, each with its value."""
    *links, attribute = split(path)
    own = page.names[index]
    model, names = page.model, [own]
    if links:
        model = page.store.shapes.end_of(page.model, tuple(links))
        (names,) = map(list, page.only(own).linked(".".join(links)))
    for name in names:
        yield name, settled(page.store, model, name, attribute)


def settled(store: Store, model: str, name: str, attribute: str) -> Any:
    """A value with nothing in it that changes by itself; files as digests."""
    if attribute == Special.IDENTIFIER:
        return name
    value = (store.get(model, name) or {}).get(attribute)
    if not store.shapes[model].trait(attribute).is_file:
        return value
    known = store.digests.get((model, name, attribute))
    return list(known) if known is not None else [_place(entry) for entry in entries(value)]


def _place(entry: Any) -> Any:
    return [entry.get("path"), entry.get("original_filename")] if isinstance(entry, dict) else entry
