"""What can be wrong with a loader, as opposed to what can be wrong with the records it judges."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from magma.errors import MagmaError
from polyphemus_site.errors import PolyphemusError


class LoaderError(PolyphemusError):
    """The loader can't be used as it stands; costs that loader only."""

    code = "loader_failed"
    status = HTTPStatus.INTERNAL_SERVER_ERROR


class MisspeltLoaderError(LoaderError):
    """The loader's own text makes no sense: an unknown check, a wrong type, a pattern that won't compile."""

    code = "loader_misspelt"


class UnknownAttributeError(LoaderError):
    """The loader reads what the project's templates don't have."""

    code = "unknown_attribute"


class UnseenAttributeError(LoaderError):
    """The templates have it, Magma's answers don't: our token may not see it, so nothing can be concluded."""

    code = "unseen_attribute"


class UnknownLoaderError(PolyphemusError):
    """No loader of that name is registered."""

    code = "unknown_loader"
    status = HTTPStatus.NOT_FOUND


#: More of an error is told to nobody.
LONGEST = 2000
#: Their sentences are ours, and name attributes at most; anybody else's may quote what was read.
PLAIN: tuple[type[PolyphemusError], ...] = (
    MagmaError,
    MisspeltLoaderError,
    UnknownAttributeError,
    UnseenAttributeError,
)


def told(error: BaseException) -> str:
    """An error's kind and sentence as they can be kept: a lab's own may hold anything, or fail to say it."""
    try:
        words = str(error)
    except Exception:  # noqa: BLE001 — the same
        words = "it can't say what"
    text = f"{type(error).__name__}: {words}".replace("\0", "\ufffd")
    return text.encode("utf-8", "replace").decode()[:LONGEST]


def unquoting(cause: str) -> str:
    """An error that was `told`, as those may read it who don't see restricted data: perhaps only its kind."""
    kind = cause.partition(":")[0]
    return cause if kind in _kinds(PLAIN) else kind


def _kinds(classes: Iterable[type]) -> set[str]:
    """The names of these and of all their kinds."""
    return {name for one in classes for name in (one.__name__, *_kinds(one.__subclasses__()))}
