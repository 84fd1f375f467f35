"""Background work of webhooks."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings

from dispatch.services import keys
from dispatch.webhooks.services import delivery, telling
from polyphemus_site import clock


@shared_task
def tell_endpoints() -> int:
    """Run by beat every three seconds: owe what happened, send what is due."""
    now = clock.now()
    telling.tell(site_url=settings.POLYPHEMUS_URL, now=now)
    keks, allowed = keys.configured_keks(), settings.POLYPHEMUS_WEBHOOK_NETWORKS
    return delivery.deliver(keks=keks, allowed=allowed, now=now)


@shared_task
def forget_deliveries() -> int:
    """Run hourly by beat: deliveries that ended long ago."""
    return delivery.forget(now=clock.now())
