"""What Magma tells of files: null, blank, unfinished, or there."""

from __future__ import annotations

from functools import partial
from typing import Any

from loaders.pages import Page

#: What Magma stores where there is deliberately no file.
BLANK = "::blank"
#: What Magma stores while an upload has not finished.
TEMPORARY = "::temp"
FILE_KEYS = frozenset({"path", "original_filename"})
NO_FILE = frozenset({"", BLANK, TEMPORARY})
#: The files of a record that has none; nobody adds to it.
NONE: list[str] = []


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


def entries_at(page: Page, attribute: str) -> list[list[Any]]:
    """For each anchor of a page its entries, made out once for all checks of the attribute."""
    return page.once(("entries", attribute), lambda: list(map(entries, page.values(attribute))))


def finished_at(page: Page, attribute: str) -> list[list[str]]:
    """For each anchor of a page the names of its finished files, once for all checks as well."""
    return page.once(("finished", attribute), partial(_finished, page, attribute))


def _finished(page: Page, attribute: str) -> list[list[str]]:
    """What `name_of` says of each entry of which `is_finished` is true; every file there is passes here."""
    return [_finished_names(value) for value in page.values(attribute)]


def _finished_names(value: Any) -> list[str]:
    if value is None:
        return NONE
    return [
        name if type(name := entry.get("original_filename") or path) is str else str(name)
        for entry in (value if isinstance(value, list) else (value,))
        if isinstance(entry, dict) and isinstance(path := entry.get("path"), str) and path not in NO_FILE
    ]


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
