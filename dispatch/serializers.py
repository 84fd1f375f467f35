"""The shapes of bodies: what must be there, what may, and of which type. The services judge its meaning."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from dispatch import estimates
from dispatch.services.configs import DIRECTION_MARKS
from polyphemus_site.errors import InvalidInputError

LONGEST_TEXT = 5000
LONGEST_WORD = 254
#: Soft hyphens, joiners and spaces of no width: good between letters, and nothing to read by themselves.
UNSEEN = dict.fromkeys((0xAD, *range(0x200B, 0x200E), *range(0x2060, 0x2065), 0xFEFF))


def fields(
    document: Mapping[str, Any], *, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> Mapping[str, Any]:
    """The document, if it has the required names and no unknown ones."""
    for name in required:
        if name not in document:
            raise InvalidInputError(
                _("%(name)s is missing.") % {"name": name}, code="missing_field", field=name
            )
    for name in document:
        if name not in required and name not in optional:
            raise InvalidInputError(_("The body has a name that is not known here."), code="unknown_field")
    return document


def word(document: Mapping[str, Any], name: str) -> str:
    """A short line of visible text."""
    value = document[name]
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_WORD or not _visible(value, allowed=""):
        raise InvalidInputError(
            _("%(name)s must be a line of text.") % {"name": name}, code=f"invalid_{name}"
        )
    return value


def text(document: Mapping[str, Any], name: str, *, default: str | None = None) -> str:
    """Text a person wrote, perhaps of several lines; the default when it is not there."""
    if name not in document and default is not None:
        return default
    value = document[name]
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or not _visible(value, allowed="\n\t"):
        raise InvalidInputError(
            _("%(name)s must be text of at most %(most)s characters.") % {"name": name, "most": LONGEST_TEXT},
            code=f"invalid_{name}",
        )
    if default is None and not value.translate(UNSEEN).strip():
        raise InvalidInputError(_("%(name)s must say something.") % {"name": name}, code=f"invalid_{name}")
    return value


def award(document: Mapping[str, Any]) -> int | None:
    """The fencing number, when the analyst says which award it means."""
    if "award" not in document:
        return None
    try:
        return estimates.seconds(document["award"])
    except InvalidInputError as error:
        raise InvalidInputError(_("award must be a whole number."), code="invalid_award") from error


def config(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The config of a request to be: `project`, `inputs`, and perhaps `params`."""
    value = document["config"]
    if not isinstance(value, dict):
        raise InvalidInputError(_("config must be an object."), code="invalid_config")
    if value.get("params", {}) is None:
        raise InvalidInputError(_("params must be an object, or left out."), code="invalid_params")
    return fields(value, required=("project", "inputs"), optional=("params",))


def _visible(value: str, *, allowed: str) -> bool:
    if value.isascii() and value.isprintable():
        return True
    return not any(
        (unicodedata.category(mark) in {"Cc", "Cs"} and mark not in allowed) or mark in DIRECTION_MARKS
        for mark in value
    )
