"""Sending what is owed: claimed by compare-and-set, tried for three days, every try kept.

At least once: a sender that dies between the receiver's yes and our own row sends again, under the same
`webhook-id`.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from time import monotonic

from django.db import transaction
from django.db.models import F

from dispatch.sealing import SealBrokenError
from dispatch.webhooks import signing
from dispatch.webhooks.models import Attempt, Delivery
from dispatch.webhooks.services import endpoints
from dispatch.webhooks.states import MOVES, PAUSES, DeliveryStatus
from polyphemus_site.moves import sources_of
from polyphemus_site.outbound import posting
from polyphemus_site.outbound.addresses import Network
from polyphemus_site.outbound.posting import Outcome, Post

logger = logging.getLogger(__name__)

#: Longer than a round can take, whatever receivers do.
LEASE = timedelta(minutes=2)
ROUND = 32
RUN_SECONDS = 40
#: A receiver may ask for patience, within reason.
LONGEST_PATIENCE = timedelta(hours=6)
KEPT_FOR = timedelta(days=90)


def deliver(*, keks: Sequence[bytes], allowed: Sequence[Network], now: datetime) -> int:
    """Send what is due, round after round; the number that was taken. Any number may run at once."""
    started, taken = monotonic(), 0
    while True:
        at = now + timedelta(seconds=monotonic() - started)
        mine = [one for pk in _due(at) if (one := claim(pk, now=at))]
        outcomes = _send(mine, keks=keks, allowed=allowed, at=at)
        for one, outcome in zip(mine, outcomes, strict=True):
            taken += settle(one, outcome, now=at) is DeliveryStatus.DELIVERED
        if not mine or monotonic() - started > RUN_SECONDS:
            return taken


def claim(pk: str, *, now: datetime) -> Delivery | None:
    """Take a due delivery for sending; None when another sender was first."""
    due = Delivery.objects.filter(
        pk=pk, status__in=sources_of(MOVES, DeliveryStatus.SENDING), due_at__lte=now
    )
    changed = due.update(status=DeliveryStatus.SENDING, due_at=now + LEASE, attempts=F("attempts") + 1)
    return Delivery.objects.select_related("endpoint").get(pk=pk) if changed else None


def settle(delivery: Delivery, outcome: Outcome, *, now: datetime) -> DeliveryStatus:
    """Write down how a try ended; the claim may have run out, and then it is another's to say."""
    target = _after(delivery, outcome)
    ours = Delivery.objects.filter(pk=delivery.pk, status=DeliveryStatus.SENDING, attempts=delivery.attempts)
    due_at = now + _pause(delivery, outcome) if target is DeliveryStatus.WAITING else now
    delivered_at = now if target is DeliveryStatus.DELIVERED else None
    with transaction.atomic():
        Attempt.objects.create(
            delivery=delivery,
            at=now,
            status=outcome.status,
            error=outcome.error[:400],
            milliseconds=outcome.milliseconds,
        )
        if ours.update(status=target, due_at=due_at, delivered_at=delivered_at):
            if outcome.status == HTTPStatus.GONE:
                endpoints.end(delivery.endpoint, now=now)
            if target is DeliveryStatus.FAILED:
                logger.error("Delivery %s is given up: %s", delivery.pk, outcome.error)
    return target


def redeliver(delivery: Delivery, *, now: datetime) -> bool:
    """Owe it again, as it was, with all its tries before it; False when it is owed anyway."""
    over = sources_of(MOVES, DeliveryStatus.WAITING) - {DeliveryStatus.SENDING}
    ended = Delivery.objects.filter(pk=delivery.pk, status__in=over)
    return bool(ended.update(status=DeliveryStatus.WAITING, due_at=now, attempts=0, delivered_at=None))


def forget(*, now: datetime) -> int:
    """Drop deliveries that ended long ago, with their tries; how many."""
    count, _ = Delivery.objects.over(now=now, kept=KEPT_FOR).delete()
    return count


def _due(now: datetime) -> list[str]:
    return list(Delivery.objects.due(now=now).values_list("pk", flat=True)[:ROUND])


def _send(
    mine: Sequence[Delivery], *, keks: Sequence[bytes], allowed: Sequence[Network], at: datetime
) -> list[Outcome]:
    """What came of each; one whose secret does not open is not sent and stops no other."""
    posts: dict[str, Post] = {}
    faults: dict[str, Outcome] = {}
    for one in mine:
        try:
            posts[one.pk] = _post_of(one, keks=keks, at=at)
        except SealBrokenError as error:
            faults[one.pk] = Outcome(error=str(error))
    sent = posting.post_all(list(posts.values()), allowed=allowed) if posts else []
    found = faults | dict(zip(posts, sent, strict=True))
    return [found[one.pk] for one in mine]


def _post_of(delivery: Delivery, *, keks: Sequence[bytes], at: datetime) -> Post:
    secrets = endpoints.secrets_of(delivery.endpoint, keks=keks, now=at)
    headers = signing.headers(webhook_id=delivery.pk, body=delivery.body, secrets=secrets, at=at)
    return Post(delivery.endpoint.url, delivery.body.encode(), headers)


def _after(delivery: Delivery, outcome: Outcome) -> DeliveryStatus:
    if outcome.is_taken:
        return DeliveryStatus.DELIVERED
    if outcome.status == HTTPStatus.GONE or delivery.attempts > len(PAUSES):
        return DeliveryStatus.FAILED
    return DeliveryStatus.WAITING


def _pause(delivery: Delivery, outcome: Outcome) -> timedelta:
    """The next in the row, spread a little, and no sooner than the receiver asks for."""
    pause = PAUSES[delivery.attempts - 1] * random.uniform(0.9, 1.1)  # noqa: S311 — spreads load, guards nothing
    asked = timedelta(seconds=outcome.retry_after or 0)
    return max(pause, min(asked, LONGEST_PATIENCE))
