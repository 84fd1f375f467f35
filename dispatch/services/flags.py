"""Work that nobody can or will do: told to its requester and the admins at once, not when it is missed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_noop

from dispatch.errors import StaleError
from dispatch.models import AnalysisRequest, ApiKey, RequestEvent
from dispatch.querysets import AnalysisRequestQuerySet
from dispatch.services import moves, notices
from dispatch.services.moves import Step
from dispatch.states import POLYPHEMUS, EventKind, Flag, RequestStatus
from dispatch.webhooks.models import Endpoint
from dispatch.webhooks.states import TYPES
from polyphemus_site import heartbeats
from polyphemus_site.api.models import SignedCall
from polyphemus_site.prefix import below

LIST = "/api/v1/requests"
#: What more there is waits for the next sweep.
MOST = 200
NOTES = {
    Flag.NO_KEY: gettext_noop("No analyst's key covers this project and analysis."),
    Flag.NOT_POLLED: gettext_noop("No analyst who may do this has asked for work lately."),
    Flag.NONE: gettext_noop("An analyst who may do this is there again."),
}


def sweep(*, admins: Iterable[str], patience: timedelta, now: datetime) -> int:
    """Raise and clear the flags of open requests; how many changed. Any number of sweeps may run.

    Who polled is only judged when somebody was here all the while to be asked.
    """
    AnalysisRequest.objects.exclude(flag=Flag.NONE).exclude(status=RequestStatus.NEW).update(flag=Flag.NONE)
    unserved = _ids(AnalysisRequest.objects.unserved(now=now))
    ignored = _ids(_ignored(patience, now=now).exclude(pk__in=unserved))
    right = {**dict.fromkeys(ignored, Flag.NOT_POLLED), **dict.fromkeys(unserved, Flag.NO_KEY)}
    looked_at = AnalysisRequest.objects.open_for_bids().filter(~Q(flag=Flag.NONE) | Q(pk__in=right))
    wrong = [one for one in looked_at.order_by("pk") if one.flag != right.get(one.pk, Flag.NONE)]
    return sum(_mark(one, right.get(one.pk, Flag.NONE), admins=admins, now=now) for one in wrong[:MOST])


def _ignored(patience: timedelta, *, now: datetime) -> AnalysisRequestQuerySet:
    since = now - patience
    if heartbeats.unbroken("flags", now=now) < patience:
        return AnalysisRequest.objects.filter(flag=Flag.NOT_POLLED)  # not known: what was said stands
    heard = pollers(since=since) | listeners()
    return AnalysisRequest.objects.unpolled(pollers=heard, since=since)


def _ids(requests: AnalysisRequestQuerySet) -> list[int]:
    return list(requests.values_list("pk", flat=True))


def pollers(*, since: datetime) -> set[str]:
    """The ids of keys that asked for the list since then."""
    polls = SignedCall.objects.filter(at__gte=since, accepted=True, method="GET", path=below(LIST))
    return set(polls.order_by().values_list("key_id", flat=True).distinct())


def listeners() -> set[str]:
    """The ids of keys whose owners need not ask: their program is told of open work."""
    owners = Endpoint.objects.hearing(TYPES[EventKind.SUBMITTED])
    return set(ApiKey.objects.filter(analyst__in=owners).values_list("pk", flat=True))


def _mark(request: AnalysisRequest, flag: Flag, *, admins: Iterable[str], now: datetime) -> bool:
    kind = EventKind.FLAGGED if flag else EventKind.CLEARED
    step = Step(
        kind=kind,
        actor=POLYPHEMUS,
        note=NOTES[flag],
        changes={"flag": flag},
        facts={"flag": flag} if flag else {},
        only_if={"flag": request.flag},
    )
    try:
        with transaction.atomic():
            moves.take(request, step, now=now)
            if flag:
                event = RequestEvent.objects.filter(request=request, kind=kind).latest("pk")
                notices.owe_to_admins(request, event_id=event.pk, note=step.note, admins=admins, now=now)
    except StaleError:  # somebody bid in this very moment, or another sweep was here
        return False
    return True
