"""What Magma tells of files: null, blank, unfinished, or there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain, pairwise
from operator import itemgetter, sub
from types import NoneType
from typing import Any

from loaders.pages import Page

#: What Magma stores where there is deliberately no file.
BLANK = "::blank"
#: What Magma stores while an upload has not finished.
TEMPORARY = "::temp"
PATH, NAME = "path", "original_filename"
FILE_KEYS = frozenset({PATH, NAME})
NO_FILE = frozenset({"", BLANK, TEMPORARY})


def entries(value: Any) -> list[Any]:
    """A file attribute's value as a list; null and `::blank` are nothing."""
    if value is None:
        return []
    found = value if isinstance(value, list) else [value]
    return [
        entry
        for entry in found
        if entry is not None and not (isinstance(entry, dict) and entry.get("path") == BLANK)
    ]


@dataclass(frozen=True)
class Uploads:
    """The files at one attribute of a page, anchor after anchor, made out once for all checks of it."""

    #: For each entry what `name_of` says of it, and `is_finished`.
    names: list[str]
    finished: list[bool]
    #: For each anchor how many of the entries are its own.
    counts: list[int]

    @classmethod
    def at(cls, page: Page, attribute: str) -> Uploads:
        """Those of a page."""
        return page.once(("uploads", attribute), lambda: cls.of(page.values(attribute)))

    @classmethod
    def of(cls, values: list[Any]) -> Uploads:
        """Those of a column of values: by columns where all are as Magma tells of files, else one by one."""
        found, counts = _flat(values)
        paths = _column(found, PATH) if set(map(type, found)) <= {dict} else [None]
        if not set(map(type, paths)) <= {str} or BLANK in paths:
            own = list(map(entries, values))
            found = list(chain.from_iterable(own))
            return cls(list(map(name_of, found)), list(map(is_finished, found)), list(map(len, own)))
        names = _column(found, NAME)
        if not all(names):
            names = [name or path for name, path in zip(names, paths, strict=True)]
        if not set(map(type, names)) <= {str}:
            names = list(map(str, names))
        return cls(names, _are_finished(paths), counts)

    @cached_property
    def done(self) -> list[int]:
        """For each anchor how many of its entries are finished."""
        return self.flagged(self.finished)

    @property
    def grouped(self) -> list[list[str]]:
        """For each anchor the names of its entries."""
        bounds = pairwise(accumulate(self.counts, initial=0))
        return [self.names[start:end] for start, end in bounds]

    def flagged(self, flags: list[bool]) -> list[int]:
        """For each anchor how many of its entries are flagged."""
        if all(flags):
            return self.counts
        before = list(accumulate(flags, initial=0))
        ends = [before[end] for end in accumulate(self.counts, initial=0)]
        return list(map(sub, ends[1:], ends))


def _flat(values: list[Any]) -> tuple[list[Any], list[int]]:
    """The entries of a column, and how many each value has; null has none."""
    kinds = set(map(type, values))
    if kinds <= {dict}:
        return values, [1] * len(values)
    if kinds <= {dict, NoneType}:
        return [value for value in values if value is not None], [value is not None for value in values]
    lists = [value if type(value) is list else () if value is None else (value,) for value in values]
    return list(chain.from_iterable(lists)), list(map(len, lists))


def _column(found: list[dict[str, Any]], key: str) -> list[Any]:
    """What each file says there; None where it says nothing."""
    try:
        return list(map(itemgetter(key), found))
    except KeyError:
        return [entry.get(key) for entry in found]


def _are_finished(paths: list[Any]) -> list[bool]:
    if NO_FILE.isdisjoint(paths):
        return [True] * len(paths)
    return [path not in NO_FILE for path in paths]


def stored(entry: Any) -> str:
    """Where Magma keeps it; "" for what is no file at all."""
    path = entry.get("path") if isinstance(entry, dict) else None
    return path if isinstance(path, str) else ""


def is_finished(entry: Any) -> bool:
    """Whether it is a file somebody can read: not `::blank`, not `::temp`, not some other thing."""
    return stored(entry) not in NO_FILE


def name_of(entry: Any) -> str:
    """The name its uploader gave it; Magma's own where there is none."""
    if not isinstance(entry, dict):
        return str(entry)
    return str(entry.get("original_filename") or entry.get("path") or "")


def is_absent(value: Any) -> bool:
    """Null, empty text, empty lists and files nobody can read are "nothing there"; false and 0 are values.

    So is a list of nulls: Magma answers with as many as a matrix has columns where there is no row.
    """
    if isinstance(value, list):
        return all(one is None or _is_unfinished(one) for one in value)
    return value is None or value in ("", {}) or _is_unfinished(value)


def _is_unfinished(value: Any) -> bool:
    """Whether it is a file's entry, and no file that somebody can read: one without a path is none either."""
    return isinstance(value, dict) and not FILE_KEYS.isdisjoint(value) and not is_finished(value)
