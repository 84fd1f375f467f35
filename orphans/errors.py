"""What this app refuses, each with its code."""

from __future__ import annotations

from http import HTTPStatus

from polyphemus_site.errors import MoveRefusedError, PolyphemusError


class AlreadyDecidedError(MoveRefusedError):
    """Somebody else decided first; the answer says who and what."""

    code = "already_decided"


class NotConfirmedError(PolyphemusError):
    """The typed confirmation is missing or names another number of records."""

    code = "not_confirmed"


class SamePersonError(PolyphemusError):
    """A removal that needs two people was agreed to by the one who proposed it."""

    code = "same_person"
    status = HTTPStatus.FORBIDDEN


class BlockedError(MoveRefusedError):
    """Some of the orphans can't be removed; the answer names them and why."""

    code = "blocked"


class StorageError(PolyphemusError):
    """The bundles' storage refused to keep or to return a copy; nothing is removed meanwhile."""

    code = "bundle_storage"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    #: Tried again by itself, once there is room or the right to write.
    passing = True


class CopyDiffersError(PolyphemusError):
    """The copy read back, or a fresh look at Magma, isn't what was written."""

    code = "copy_differs"
    status = HTTPStatus.CONFLICT
