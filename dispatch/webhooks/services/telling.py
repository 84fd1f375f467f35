"""From lines of history to deliveries: whom an event concerns is decided here, once, for each line."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from dispatch.models import ApiKey, Bid, RequestEvent
from dispatch.services import keys
from dispatch.states import EventKind, Verb
from dispatch.webhooks import payloads
from dispatch.webhooks.models import Delivery, Endpoint, EventToTell
from dispatch.webhooks.services import endpoints
from dispatch.webhooks.states import OPENING, TYPES

BATCH = 500
#: Nobody holds a request when these happen to it.
UNHELD = frozenset({EventKind.SUBMITTED, EventKind.FLAGGED})


def tell(*, site_url: str, now: datetime) -> int:
    """Owe the events noted since to the endpoints they concern; the number of deliveries.

    The note goes with its deliveries in one transaction: killed in between, the next run does it all again.
    """
    count = 0
    while True:
        with transaction.atomic():
            notes = list(
                EventToTell.objects.select_for_update(skip_locked=True, of=("self",))
                .select_related("event__request")
                .order_by("pk")[:BATCH]
            )
            owed = [one for note in notes for one in _deliveries(note.event, site_url=site_url, now=now)]
            Delivery.objects.bulk_create(owed, ignore_conflicts=True)
            EventToTell.objects.filter(pk__in=[note.pk for note in notes]).delete()
        count += len(owed)
        if len(notes) < BATCH:
            return count


def _deliveries(event: RequestEvent, *, site_url: str, now: datetime) -> list[Delivery]:
    if event.kind not in TYPES:
        return []
    type_, body = TYPES[event.kind], payloads.body_of(event, site_url=site_url)
    active = Endpoint.objects.active().filter(owner__in=concerned(event, now=now))
    return [
        Delivery(
            id=endpoints.new_id(),
            endpoint=one,
            event=event,
            type=type_,
            body=body,
            due_at=now,
            created_at=now,
        )
        for one in active
        if not one.types or type_ in one.types
    ]


def concerned(event: RequestEvent, *, now: datetime) -> set[str]:
    """Whom an event concerns: the requester, the holder of its award, and for open work whoever may do it."""
    people = {event.request.requester}
    if event.kind in OPENING:
        people |= _may_do(event, now=now)
    if event.kind not in UNHELD:
        people.add(_holder(event))
    if event.kind == EventKind.MESSAGE:
        people.discard(event.actor)
    return people - {""}


def _holder(event: RequestEvent) -> str:
    """Who held the request when it happened: a later holder need not know of what was before."""
    award = event.facts.get("award")
    if award is None:
        return event.request.analyst
    held = Bid.objects.filter(request=event.request_id, award=award).values_list("analyst", flat=True)
    return held.first() or event.request.analyst


def _may_do(event: RequestEvent, *, now: datetime) -> set[str]:
    """The owners of endpoints with a live key that may bid for it."""
    owners = Endpoint.objects.active().values("owner")
    live = ApiKey.objects.live(now=now).filter(analyst__in=owners).prefetch_related("scopes")
    work = {"project": event.request.project, "analysis": event.request.analysis}
    return {key.analyst for key in live if keys.scopes_of(key).allow(Verb.BID, **work)}
