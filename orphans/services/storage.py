"""Keeping copies: written whole, forced to the disk where there is one, read back."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages

from orphans.errors import StorageError
from polyphemus_site.sentences import say as _

#: The storage's name in STORAGES.
BUNDLES = "bundles"


def keep(name: str, content: bytes) -> str:
    """Write the content, compressed; return the name it got. An existing file is never written over."""
    packed = gzip.compress(content, mtime=0)
    try:
        storage = _that_keeps()
        kept = storage.save(name, ContentFile(packed))
        _force_to_disk(storage, kept)
    except Exception as error:
        raise StorageError(
            _(
                "The copy could not be written: %(error)s. Nothing was removed; it will be "
                "tried again. Look at the storage of the bundles: is there room, and the right "
                "to write?"
            )
            % {"error": error}
        ) from error
    return kept


def _that_keeps() -> Storage:
    storage = storages[BUNDLES]
    if getattr(storage, "file_overwrite", False):
        raise ImproperlyConfigured(
            'the storage would write over copies; set "file_overwrite": false in POLYPHEMUS_BUNDLE_OPTIONS'
        )
    return storage


def fetch(name: str) -> bytes:
    """The content as it lies there now."""
    try:
        with storages[BUNDLES].open(name) as file:
            return gzip.decompress(file.read())
    except Exception as error:
        raise StorageError(
            _("The copy %(name)s could not be read: %(error)s. Nothing was removed.")
            % {"name": name, "error": error}
        ) from error


def _force_to_disk(storage: Storage, name: str) -> None:
    """A copy in the page cache is no copy yet: the file and its folder are synced first."""
    try:
        path = Path(storage.path(name))
    except NotImplementedError:
        return  # not a file system: the backend has answered for it
    for place in (path, path.parent):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
