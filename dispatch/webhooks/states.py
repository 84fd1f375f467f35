"""Where endpoints and deliveries stand, and which events there are."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import TextChoices

from dispatch.states import EventKind


class EndpointState(TextChoices):
    """Whether an endpoint is told."""

    ACTIVE = "active", "Told of events"
    PAUSED = "paused", "Paused by an admin"
    GONE = "gone", "Gone: it answered 410"


class DeliveryStatus(TextChoices):
    """Where a delivery stands."""

    WAITING = "waiting", "Waits for its next try"
    SENDING = "sending", "Being sent"
    DELIVERED = "delivered", "Taken by the receiver"
    FAILED = "failed", "Given up"


OWED = (DeliveryStatus.WAITING, DeliveryStatus.SENDING)
#: docs/how-to/webhooks.md draws this table; a test compares the two.
MOVES: dict[DeliveryStatus, frozenset[DeliveryStatus]] = {
    DeliveryStatus.WAITING: frozenset({DeliveryStatus.SENDING}),
    DeliveryStatus.SENDING: frozenset(
        {
            DeliveryStatus.SENDING,
            DeliveryStatus.DELIVERED,
            DeliveryStatus.WAITING,
            DeliveryStatus.FAILED,
        }
    ),
    DeliveryStatus.DELIVERED: frozenset({DeliveryStatus.WAITING}),
    DeliveryStatus.FAILED: frozenset({DeliveryStatus.WAITING}),
}

#: The pause after each failed try: three days in all, then it is given up.
PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=20),
)

#: The types of events, by the line of history they come from; a kind that is not here is not told.
TYPES: dict[str, str] = {
    EventKind.SUBMITTED: "request.opened",
    EventKind.AWARDED: "request.awarded",
    EventKind.EXTENDED: "request.extended",
    EventKind.ASKED: "request.time_asked",
    EventKind.DEFERRED: "request.deferred",
    EventKind.HELP: "request.help_asked",
    EventKind.RESUMED: "request.resumed",
    EventKind.RELEASED: "request.released",
    EventKind.LAPSED: "request.lapsed",
    EventKind.ARCHIVED: "request.archived",
    EventKind.CANCELLED: "request.cancelled",
    EventKind.VERIFIED: "request.verified",
    EventKind.MESSAGE: "request.message",
    EventKind.FLAGGED: "request.flagged",
}
#: What opens work for every analyst who may do it.
OPENING = frozenset({EventKind.SUBMITTED, EventKind.RELEASED, EventKind.LAPSED})
TEST_TYPE = "endpoint.test"
