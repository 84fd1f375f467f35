"""Values in and out of the demo warehouse: dates, numbers and files as Magma stores and shows them."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from magma.demo.store import DATES, Row

BLANK = "::blank"
FILES = frozenset({"file", "image"})
DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2}))?(?:\.(\d{1,6}))?)?")
NUMBER = re.compile(r"\s*([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)")


def date_in(text: object) -> datetime:
    """Read a date as Magma's database does: an offset is dropped, not converted."""
    found = DATE.search(str(text))
    if found is None:
        raise ValueError("invalid date")
    *whole, fraction = found.groups()
    year, month, day, hour, minute, second = (int(part or 0) for part in whole)
    return datetime(year, month, day, hour, minute, second, int((fraction or "").ljust(6, "0")), tzinfo=UTC)


def number_in(value: object) -> float:
    """Ruby's `to_f`: the number a text begins with, or 0."""
    found = NUMBER.match(str(value))
    return float(found[1]) if found else 0.0


def shown_date(instant: datetime | None) -> str | None:
    """Whole seconds, the fraction cut off."""
    return None if instant is None else instant.isoformat(timespec="seconds")


def stored(kind: str, value: Any) -> Any:
    """What a column of this type keeps of a value; an unreadable date raises ValueError."""
    if kind in DATES:
        return None if value is None else date_in(value)
    if kind == "integer":
        return int(number_in(value))
    if kind == "float":
        return number_in(value)
    return value


def stored_file(row_name: object, model: str, attribute: str, value: Any, index: int | None = None) -> Any:
    """A file's three names, as Magma's own column holds them; an upload not finished leaves nothing."""
    path = str((value or {}).get("path"))
    if path == BLANK:
        return dict.fromkeys(("location", "filename", "original_filename"), BLANK)
    if not path.startswith("metis://"):
        return None
    original = value.get("original_filename")
    suffix = PurePosixPath(path).suffix or PurePosixPath(original or "").suffix or ".dat"
    place = "" if index is None else f"-{index}"
    filename = f"{model}-{row_name}-{attribute}{place}{suffix}"
    return {"location": path, "filename": filename, "original_filename": original}


def stored_files(row_name: object, model: str, attribute: str, values: list[Any]) -> list[Any]:
    """A file collection: the same, numbered; uploads not finished leave nothing."""
    files = (stored_file(row_name, model, attribute, one, index) for index, one in enumerate(values))
    return [file for file in files if file]


def download_url(project: str, filename: str, now: datetime) -> str:
    """An address of the shape Metis serves; nothing stands behind it here."""
    life = quote(shown_date(now + timedelta(hours=1)) or "", safe="")
    signature, nonce = secrets.token_hex(32), secrets.token_hex(16)
    signed = f"X-Etna-Signature={signature}&X-Etna-Expiration={life}&X-Etna-Nonce={nonce}"
    address = f"https://metis.development.local/{project}/download/magma/{quote(filename)}"
    return f"{address}?{signed}&X-Etna-Id=magma&X-Etna-Headers="


def shown_file(project: str, value: Any, now: datetime) -> Any:
    """A file in a document; one that was taken away has left its three names empty."""
    if not value or value["filename"] is None:
        return None
    if value["filename"] == BLANK:
        return {"path": BLANK}
    url = download_url(project, value["filename"], now)
    return {"url": url, "path": value["filename"], "original_filename": value["original_filename"]}


def digest(value: Any) -> str | None:
    """Stands for Metis's md5: it changes when another file is put there."""
    name = f"{value['location']} {value['original_filename']}"
    return (
        None if value["filename"] == BLANK else hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
    )


def shown(row: Row | None, attribute: str) -> Any:
    """A plain column's value in an answer."""
    if row is None:
        return None
    spec = row.model.attributes[attribute]
    value = row.values.get(attribute)
    if spec["attribute_type"] in DATES:
        return shown_date(value)
    if spec["attribute_type"] == "matrix":
        return value if value is not None else [None] * len(spec.get("options", ()))
    return row.name if attribute == row.model.identifier else value
