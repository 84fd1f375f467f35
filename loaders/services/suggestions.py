"""What becomes of suggestions: judging opens and closes them, people dismiss, snooze and accept them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from loaders import seam
from loaders.drafts import Gist, Known
from loaders.loader import Loader
from loaders.models import Dismissal, Suggestion, SuggestionEvent
from loaders.services import changes
from loaders.services.copying import array
from loaders.services.rows import Desk
from loaders.states import MOVES, SuggestionEventKind, SuggestionStatus
from polyphemus_site.errors import InvalidInputError, MoveRefusedError
from polyphemus_site.moves import sources_of
from polyphemus_site.sentences import Sentence, from_form, told

POLYPHEMUS = "polyphemus"
LOADER_GONE = Sentence(gettext_noop("The loader is no longer installed, or no longer for this project."))
HIDDEN = Sentence(
    gettext_noop("Magma no longer shows the record: it was disconnected, restricted, renamed or removed.")
)
#: Anchor by anchor, by key: see `rows`. Which loaders are asked about is no part of the question, lest
#: PostgreSQL think of the key's last column as of many lookups, and of another index as cheaper. Nor is
#: anything looked up where none of the anchors can be found: by their order, the next there is lies beyond.
LATEST = """
WITH asked AS MATERIALIZED (SELECT unnest(%(anchors)s::text[]) AS name),
span AS MATERIALIZED (SELECT min(name) AS low, max(name) AS high FROM asked)
SELECT DISTINCT ON (anchor, loader) latest.*
FROM asked CROSS JOIN LATERAL (
    SELECT loader, id, status, anchor, loader_version, due, reason, restricted, fingerprint, touch,
        members::text
    FROM loaders_suggestion
    WHERE project = %(project)s AND model = %(model)s AND anchor = asked.name OFFSET 0) AS latest
WHERE (
    SELECT (project, model, anchor) <= (%(project)s, %(model)s, (SELECT high FROM span))
    FROM loaders_suggestion
    WHERE (project, model, anchor) >= (%(project)s, %(model)s, (SELECT low FROM span))
    ORDER BY project, model, anchor LIMIT 1)
ORDER BY anchor, loader, id DESC
"""
STATUSES = {status.value: status for status in SuggestionStatus}


def known(
    project: str, model: str, keys: Sequence[str], loaders: Sequence[str]
) -> dict[str, dict[str, Known]]:
    """Loader -> anchor or batch -> the latest suggestion there is."""
    found: dict[str, dict[str, Known]] = {loader: {} for loader in loaders}
    with connection.cursor() as cursor:
        cursor.execute(LATEST, {"anchors": array(keys), "project": project, "model": model})
        for loader, pk, status, anchor, version, due, reason, restricted, mark, touch, members in cursor:
            if loader not in found:
                continue
            gist = Gist(
                anchor=anchor,
                loader_version=version,
                due=due,
                reason=_read(reason),
                restricted=restricted,
                fingerprint=mark,
                touch=touch,
                members=msgspec.json.decode(members),
            )
            found[loader][anchor] = Known(pk, STATUSES[status], gist)
    return found


@lru_cache(maxsize=1024)
def _read(reason: str) -> str:
    """A reason, of which there are few."""
    said: str = from_form(msgspec.json.decode(reason))
    return said


def batches_of(project: str, loader: Loader, names: Sequence[str]) -> dict[str, list[str]]:
    """Batch -> its anchors, for the standing suggestions that speak of any of these anchors."""
    rows = Suggestion.objects.standing().filter(project=project, loader=loader.name, model=loader.model)
    found = rows.filter(members__has_any_keys=list(names)).values_list("anchor", "members")
    return {anchor: list(members) for anchor, members in found}


def close_hidden(project: str, model: str, names: Collection[str], *, now: datetime) -> int:
    """Close standing suggestions all of whose anchors Magma doesn't show; have the others judged again."""
    if not names:
        return 0
    resting = Suggestion.objects.resting_on(project, [f"{model}/{name}" for name in names]).filter(
        model=model
    )
    written = 0
    for loader, anchor, members in resting.values_list("loader", "anchor", "members"):
        if left := members.keys() - set(names):
            changes.ripen(project, model, dict.fromkeys(sorted(left), now), now=now)
        else:
            written += Desk(project, loader, model, now).close({anchor: HIDDEN})
    return written


def close_orphaned(project: str, loaders: Collection[str], *, now: datetime) -> int:
    """Close standing suggestions of loaders that are no longer there."""
    gone = Suggestion.objects.standing().filter(project=project).exclude(loader__in=list(loaders))
    written = 0
    for loader, model, anchor in gone.values_list("loader", "model", "anchor"):
        written += Desk(project, loader, model, now).close({anchor: LOADER_GONE})
    return written


@dataclass(frozen=True)
class Move:
    """A person's move of one suggestion."""

    kind: SuggestionEventKind
    target: SuggestionStatus
    actor: str
    note: str = ""


def take(suggestion: Suggestion, move: Move, *, now: datetime, **changes: Any) -> Suggestion:
    """Make a move if the suggestion still allows it, with its history row; else raise MoveRefusedError."""
    with transaction.atomic():
        source = Suggestion.objects.select_for_update().values_list("status", flat=True).get(pk=suggestion.pk)
        allowed = Suggestion.objects.filter(pk=suggestion.pk, status__in=sources_of(MOVES, move.target))
        if not allowed.update(status=move.target, **changes):
            raise MoveRefusedError(
                _("This suggestion is “%(status)s”; it can no longer become “%(target)s”.")
                % {"status": _(SuggestionStatus(source).label), "target": _(move.target.label)}
            )
        SuggestionEvent.objects.create(
            suggestion=suggestion,
            kind=move.kind,
            source=source,
            target=move.target,
            actor=move.actor,
            at=now,
            note=move.note,
        )
    suggestion.refresh_from_db()
    return suggestion


def accept(
    suggestion: Suggestion,
    *,
    person: str,
    name: str | None = None,
    inputs: Sequence[Any] | None = None,
    params: Mapping[str, object] | None = None,
    now: datetime,
) -> Suggestion:
    """Submit the request a suggestion offers, and keep which one it became: both or neither.

    Its alternatives end with it: the same output is not asked for twice.
    """
    chosen = seam.inputs_offered(suggestion) if inputs is None else list(inputs)
    values = suggestion.config.get("params") if params is None else params
    with transaction.atomic():
        card = list(Suggestion.objects.with_alternatives(suggestion).select_for_update().order_by("pk"))
        ensure_standing(suggestion)
        request_name = seam.submit_request(
            suggestion, requester=person, name=name, inputs=chosen, params=values, now=now
        )
        became = Sentence(gettext_noop("Became %(request)s."), request=request_name)
        move = Move(SuggestionEventKind.ACCEPTED, SuggestionStatus.ACCEPTED, person, became)
        take(suggestion, move, now=now, ended_at=now, snoozed_until=None, request_name=request_name)
        for other in card:
            if other.pk != suggestion.pk:
                instead = gettext_noop("%(loader)s was chosen, which makes the same output.")
                because = Sentence(instead, loader=suggestion.loader)
                ending = Move(SuggestionEventKind.CLOSED, SuggestionStatus.CLOSED, POLYPHEMUS, because)
                take(other, ending, now=now, ended_at=now, snoozed_until=None, because=because)
    return suggestion


def ensure_standing(suggestion: Suggestion) -> None:
    """Refuse to accept what no longer stands, before a request is published for it."""
    suggestion.refresh_from_db()
    if suggestion.standing not in sources_of(MOVES, SuggestionStatus.ACCEPTED):
        raise MoveRefusedError(
            _("This suggestion is “%(status)s”.") % {"status": _(suggestion.standing.label)},
            **ended(suggestion),
        )


def ended(suggestion: Suggestion) -> dict[str, str]:
    """What a refused caller should know of how it ended."""
    return {"because": told(suggestion.because), "request_name": suggestion.request_name}


def dismiss(suggestion: Suggestion, *, person: str, reason: str, now: datetime) -> Suggestion:
    """Put it away for the whole project until its inputs change."""
    move = Move(SuggestionEventKind.DISMISSED, SuggestionStatus.DISMISSED, person, reason)
    return take(suggestion, move, now=now, ended_at=now, snoozed_until=None, because=reason)


def wave_away(suggestion: Suggestion, *, person: str, reason: str, now: datetime) -> Suggestion:
    """Hide it from one person until its inputs change; a reason may be given afterwards, once."""
    with transaction.atomic():
        waved, is_new = Dismissal.objects.get_or_create(
            suggestion=suggestion,
            person=person,
            fingerprint=suggestion.fingerprint,
            defaults={"reason": reason, "dismissed_at": now},
        )
        unexplained = Dismissal.objects.filter(pk=waved.pk, reason="")
        if is_new or (reason and unexplained.update(reason=reason)):
            SuggestionEvent.objects.create(
                suggestion=suggestion,
                kind=SuggestionEventKind.WAVED,
                source=suggestion.status,
                target=suggestion.status,
                actor=person,
                at=now,
                note=reason,
            )
    return suggestion


def snooze(suggestion: Suggestion, *, person: str, until: datetime | None, now: datetime) -> Suggestion:
    """Put it away until an instant, or, without one, until its inputs change."""
    if until is not None and until <= now:
        raise InvalidInputError(_("A snooze ends in the future."), code="snooze_in_the_past")
    note = Sentence(gettext_noop("Until something changes."))
    if until:
        note = Sentence(gettext_noop("Until %(when)s UTC."), when=f"{until:%Y-%m-%d %H:%M}")
    move = Move(SuggestionEventKind.SNOOZED, SuggestionStatus.SNOOZED, person, note)
    return take(suggestion, move, now=now, snoozed_until=until)


def wake(*, now: datetime) -> int:
    """Open again what was snoozed until now; how many. What somebody is at waits for the next time."""
    with transaction.atomic():
        asleep = Suggestion.objects.to_wake(now=now).select_for_update(skip_locked=True)
        woken = list(asleep.values_list("pk", flat=True))
        Suggestion.objects.filter(pk__in=woken).update(status=SuggestionStatus.OPEN, snoozed_until=None)
        SuggestionEvent.objects.bulk_create(
            SuggestionEvent(
                suggestion_id=pk,
                kind=SuggestionEventKind.WOKEN,
                source=SuggestionStatus.SNOOZED,
                target=SuggestionStatus.OPEN,
                actor=POLYPHEMUS,
                at=now,
            )
            for pk in woken
        )
    return len(woken)
