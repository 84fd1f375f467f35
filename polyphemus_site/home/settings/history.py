"""The history of a project's settings in words: only what a change changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from polyphemus_site.projects.models import ProjectSettingsEvent


@dataclass(frozen=True, slots=True)
class Told:
    """One change: when, who, and what in sentences."""

    at: datetime
    actor: str
    what: list[str]


def told(events: Iterable[ProjectSettingsEvent]) -> list[Told]:
    """Each change in words."""
    return [Told(event.at, event.actor, list(_sentences(event.before, event.after))) for event in events]


def _sentences(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    named = (
        (_("switched off: %s"), _gained(before, after, "loaders_off")),
        (_("no longer off: %s"), _gained(after, before, "loaders_off")),
        (_("tried out: %s"), _gained(before, after, "loaders_shadow")),
        (_("no longer tried out: %s"), _gained(after, before, "loaders_shadow")),
    )
    yield from (sentence % ", ".join(names) for sentence, names in named if names)
    if before["most_open_requests"] != after["most_open_requests"]:
        limit = after["most_open_requests"]
        yield _("at most %d requests at a time") % limit if limit else _("any number of requests")
    if _digest(before) != _digest(after):
        yield _("the digest comes at %(hour)d:00, %(zone)s") % _digest(after)


def _gained(before: dict[str, Any], after: dict[str, Any], what: str) -> list[str]:
    return sorted(set(after[what]) - set(before[what]))


def _digest(values: dict[str, Any]) -> dict[str, Any]:
    return {"hour": values["digest_hour"], "zone": values["digest_zone"]}
