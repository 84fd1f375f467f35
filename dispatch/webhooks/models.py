"""Endpoints, what is owed to them, and every try."""

from __future__ import annotations

from django.db import models
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint

from dispatch.models import EMAIL_LENGTH, RequestEvent
from dispatch.webhooks.querysets import DeliveryQuerySet, EndpointQuerySet
from dispatch.webhooks.states import OWED, DeliveryStatus, EndpointState

URL_LENGTH = 2000


class Endpoint(models.Model):
    """Where somebody's program hears of what concerns them. Its secret is sealed, as a key's is."""

    id = models.CharField(max_length=40, primary_key=True)
    owner = models.CharField(max_length=EMAIL_LENGTH, db_index=True)
    url = models.CharField(max_length=URL_LENGTH)
    #: Types of events; empty: all that concern the owner.
    types = models.JSONField(default=list, blank=True)
    ciphertext = models.BinaryField()
    nonce = models.BinaryField()
    kek_version = models.CharField(max_length=16)
    #: The secret before a rotation: signatures by both are sent until then.
    old_ciphertext = models.BinaryField(default=b"")
    old_nonce = models.BinaryField(default=b"")
    old_kek_version = models.CharField(max_length=16, blank=True)
    old_until = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=EndpointState, default=EndpointState.ACTIVE)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=EMAIL_LENGTH)

    objects = EndpointQuerySet.as_manager()

    class Meta:
        """States are known."""

        constraints = (
            CheckConstraint(
                condition=Q(state__in=EndpointState.values), name="webhook_endpoint_state_is_known"
            ),
        )

    def __str__(self) -> str:
        """Id and owner."""
        return f"{self.id} ({self.owner})"


class EndpointEvent(models.Model):
    """A line of an endpoint's history: made, rotated, paused, resumed, gone."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=20)
    actor = models.CharField(max_length=EMAIL_LENGTH)
    at = models.DateTimeField()

    class Meta:
        """In the order things happened."""

        ordering = ("id",)

    def __str__(self) -> str:
        """What, by whom."""
        return f"{self.kind}: {self.actor}"


class EventToTell(models.Model):
    """A line of history that endpoints may want to hear of: noted by the database, with the line."""

    event = models.OneToOneField(
        RequestEvent, on_delete=models.DO_NOTHING, primary_key=True, db_constraint=False
    )

    def __str__(self) -> str:
        """Which."""
        return f"event {self.event_id}"


class Delivery(models.Model):
    """One event owed to one endpoint; its id is the `webhook-id` of every try."""

    id = models.CharField(max_length=40, primary_key=True)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="deliveries")
    event = models.ForeignKey(
        RequestEvent, on_delete=models.DO_NOTHING, null=True, db_constraint=False, related_name="+"
    )
    type = models.CharField(max_length=40)
    #: The very text that is signed and sent.
    body = models.TextField()
    status = models.CharField(max_length=10, choices=DeliveryStatus, default=DeliveryStatus.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    created_at = models.DateTimeField(db_index=True)
    delivered_at = models.DateTimeField(null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        """An endpoint is owed an event once; the partial index serves the deliverer."""

        verbose_name_plural = "deliveries"
        constraints = (
            UniqueConstraint(fields=["endpoint", "event"], name="an_endpoint_is_owed_an_event_once"),
            CheckConstraint(
                condition=Q(status__in=DeliveryStatus.values), name="webhook_delivery_status_is_known"
            ),
        )
        indexes = (
            Index(fields=["due_at", "id"], condition=Q(status__in=OWED), name="webhook_deliveries_owed"),
        )

    def __str__(self) -> str:
        """What, to whom."""
        return f"{self.type} → {self.endpoint_id}"


class Attempt(models.Model):
    """One try, and what came of it."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tries")
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    error = models.CharField(max_length=400, blank=True)
    milliseconds = models.PositiveIntegerField(default=0)

    class Meta:
        """In the order they were made."""

        ordering = ("id",)

    def __str__(self) -> str:
        """The answer."""
        return self.error or f"{self.status}"
