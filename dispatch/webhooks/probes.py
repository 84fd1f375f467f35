"""What webhooks say to /readyz, the doctor and /metrics."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Count
from prometheus_client.core import Metric

from dispatch.webhooks.models import Delivery
from dispatch.webhooks.states import OWED, EndpointState
from polyphemus_site.health import Finding
from polyphemus_site.metrics import gauge

LATELY = timedelta(days=7)
#: The first tries are seconds and minutes apart; from here on a person should look.
MANY_TRIES = 3


def deliveries(now: datetime) -> Finding:
    """Whether endpoints take what they are told."""
    failing = Delivery.objects.filter(
        status__in=OWED, attempts__gte=MANY_TRIES, endpoint__state=EndpointState.ACTIVE
    )
    troubled = Delivery.objects.given_up(since=now - LATELY) | failing
    first = troubled.select_related("endpoint").order_by("created_at").first()
    if first is None:
        return Finding.ok("webhooks", "Every endpoint takes what it is told.")
    tries = first.tries.count()
    last = first.tries.last() or "not tried"
    return Finding.warn(
        "webhooks",
        f"{first} at {first.endpoint.url} is not taken after {tries} tries: {last}.",
        "Mend the receiver, then choose 'Deliver again' at Deliveries in the admin.",
    )


def measure(now: datetime) -> Iterator[Metric]:
    """How many deliveries there are, by status."""
    del now
    counts = Delivery.objects.order_by().values_list("status").annotate(Count("pk"))
    yield gauge("webhook_deliveries", "Deliveries to endpoints, by status.", "status", counts)
