"""Keyset pages: a cursor holds the key of the last row seen, so that page N costs what page 1 does."""

from __future__ import annotations

from typing import Final

from django.core import signing
from django.utils.translation import gettext as _

from polyphemus_site.errors import InvalidInputError

Scalar = str | int
MAX_CURSOR: Final = 1024


def encode(listing: str, *key: Scalar) -> str:
    """An opaque cursor for the list of that name, after the row with this key."""
    return _signer(listing).sign_object(list(key), compress=False)


def decode(listing: str, cursor: str, *kinds: type[Scalar]) -> tuple[Scalar, ...]:
    """The key in a cursor of this list, its parts of these kinds; else `bad_cursor`."""
    try:
        key = _signer(listing).unsign_object(cursor) if len(cursor) <= MAX_CURSOR else None
    except (signing.BadSignature, ValueError) as error:
        raise _bad_cursor() from error
    if not isinstance(key, list) or [type(part) for part in key] != list(kinds):
        raise _bad_cursor()
    return tuple(key)


def _signer(listing: str) -> signing.Signer:
    return signing.Signer(salt=f"polyphemus.pages.{listing}", sep="~")


def _bad_cursor() -> InvalidInputError:
    return InvalidInputError(
        _("This cursor is none of ours; start again from the first page."), code="bad_cursor"
    )
