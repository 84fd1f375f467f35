"""The storages: whether each can be written, read and cleared."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import uuid4

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from polyphemus_site.health import Finding

WORD = b"polyphemus"
NOT_OURS = frozenset({"default", "staticfiles"})


def examine(now: datetime) -> Iterator[Finding]:
    """Every storage we keep something in."""
    del now
    for alias in sorted(set(settings.STORAGES) - NOT_OURS):
        yield _try(alias)


def _try(alias: str) -> Finding:
    name = f"storage {alias}"
    try:
        storage = storages[alias]
        place = storage.save(f"doctor-{uuid4()}", ContentFile(WORD))
        with storage.open(place) as file:
            kept = file.read()
        storage.delete(place)
    except Exception as error:  # noqa: BLE001 — whatever the storage raises is the finding
        remedy = "Give this account the right to write there, or see whether the disk is full."
        return Finding.fail(name, f"It can't be used ({type(error).__name__}: {error}).", remedy)
    if kept != WORD:
        return Finding.fail(name, "It gave back something else than was put in.", "Use another storage.")
    return Finding.ok(name, "It can be written, read and cleared.")
