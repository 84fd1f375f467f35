"""Bodies and forms read into decisions: every field checked for its type, whoever sent it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from orphans.services.decisions import Said
from orphans.states import Decision
from polyphemus_site.errors import InvalidInputError

MOST_IDS = 50_000
MOST_TEXT = 2000
LARGEST_STATUS = 599


def ids_of(document: Mapping[str, Any]) -> list[int]:
    """The orphans a body names; an empty list when it names none."""
    value = document.get("orphans", [])
    if not isinstance(value, list) or not all(type(one) is int and one > 0 for one in value):
        raise InvalidInputError(_("`orphans` must be a list of numbers."), code="bad_orphans")
    if len(value) > MOST_IDS:
        raise InvalidInputError(
            _("A review holds at most %(most)s orphans.") % {"most": MOST_IDS}, code="too_many_orphans"
        )
    return value


def said_of(document: Mapping[str, Any], *, is_admin: bool) -> Said:
    """A decision as a program sends it."""
    return Said(
        decision=decision_of(text_of(document, "decision")),
        reason=text_of(document, "reason"),
        until=until_of(text_of(document, "until")),
        parents=_parents(document.get("parents", {})),
        likeliest=_flag(document, "likeliest"),
        confirm=text_of(document, "confirm"),
        is_admin=is_admin,
    )


def said_in(form: QueryDict, *, is_admin: bool) -> Said:
    """A decision as the page's form sends it: parents as `parent-ID` fields."""
    document: dict[str, Any] = {
        name: form.get(name, "") for name in ("decision", "reason", "until", "confirm")
    }
    document["likeliest"] = form.get("likeliest") == "1"
    document["parents"] = {
        name.removeprefix("parent-"): value for name, value in form.items() if name.startswith("parent-")
    }
    return said_of(document, is_admin=is_admin)


def decision_of(word: str) -> Decision:
    """One of the words, or a refusal that lists them."""
    if word not in Decision.values:
        raise InvalidInputError(
            _("`decision` must be one of %(known)s.") % {"known": ", ".join(Decision.values)},
            code="unknown_decision",
        )
    return Decision(word)


def until_of(text: str) -> datetime | None:
    """An instant or a date, UTC unless it says otherwise."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError(_("`until` must be a date, as 2026-05-04."), code="bad_until") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def text_of(document: Mapping[str, Any], name: str) -> str:
    """A text of the body, empty when it isn't there."""
    value = document.get(name, "")
    if not isinstance(value, str) or len(value) > MOST_TEXT:
        raise InvalidInputError(
            _("`%(name)s` must be text of at most %(most)s characters.") % {"name": name, "most": MOST_TEXT},
            code=f"bad_{name}",
        )
    return value


def _flag(document: Mapping[str, Any], name: str) -> bool:
    value = document.get(name, False)
    if not isinstance(value, bool):
        raise InvalidInputError(_("`%(name)s` must be true or false.") % {"name": name}, code=f"bad_{name}")
    return value


def sent_of(document: Mapping[str, Any]) -> tuple[int, str]:
    """What Magma answered to a person's browser: its status, 0 where there was none, and its words."""
    status = document.get("status")
    if type(status) is not int or not 0 <= status <= LARGEST_STATUS:
        raise InvalidInputError(_("`status` must be the status Magma answered, or 0."), code="bad_status")
    return status, text_of(document, "said")


def _parents(value: Any) -> dict[int, str]:
    if not isinstance(value, Mapping):
        raise InvalidInputError(
            _("`parents` must be an object: a parent for each orphan's id."), code="bad_parents"
        )
    parents: dict[int, str] = {}
    for key, parent in value.items():
        if not (str(key).isascii() and str(key).isdecimal() and isinstance(parent, str)):
            raise InvalidInputError(_("`parents` must give a name for each orphan's id."), code="bad_parents")
        if parent.strip():
            parents[int(key)] = parent.strip()
    return parents
