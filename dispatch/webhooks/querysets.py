"""The questions asked of deliveries."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber

from dispatch.webhooks.states import OWED, DeliveryStatus, EndpointState

if TYPE_CHECKING:
    from dispatch.webhooks.models import Delivery, Endpoint  # noqa: F401 — name the rows in the types below

#: So many at once for one endpoint: a receiver that hangs must not keep the others waiting.
ABREAST = 4


class EndpointQuerySet(QuerySet["Endpoint"]):
    """Endpoints."""

    def active(self) -> EndpointQuerySet:
        """That are told of events."""
        return self.filter(state=EndpointState.ACTIVE)

    def hearing(self, type_: str) -> set[str]:
        """The owners of active endpoints that are told of this type of event."""
        return {one.owner for one in self.active() if not one.types or type_ in one.types}


class DeliveryQuerySet(QuerySet["Delivery"]):
    """Deliveries."""

    def due(self, *, now: datetime) -> DeliveryQuerySet:
        """Whose next try has come, or whose sender is silent past its lease; a few for each endpoint."""
        place = Window(RowNumber(), partition_by=F("endpoint"), order_by=[F("due_at"), F("pk")])
        owed = self.filter(status__in=OWED, due_at__lte=now, endpoint__state=EndpointState.ACTIVE)
        return owed.annotate(place=place).filter(place__lte=ABREAST).order_by("due_at", "pk")

    def given_up(self, *, since: datetime) -> DeliveryQuerySet:
        """Given up lately."""
        return self.filter(status=DeliveryStatus.FAILED, due_at__gte=since)

    def over(self, *, now: datetime, kept: timedelta) -> DeliveryQuerySet:
        """Ended so long ago that nobody asks any more."""
        return self.exclude(status__in=OWED).filter(created_at__lt=now - kept)
