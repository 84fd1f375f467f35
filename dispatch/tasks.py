"""Background work of dispatch."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings

from dispatch import policies, witness
from dispatch.services import due, flags, replaced_keys
from polyphemus_site import clock


@shared_task
def sweep_due_dates() -> dict[str, int | bool]:
    """Run every two seconds by beat."""
    report = due.sweep(witness=witness.configured(), waits=policies.waits(), now=clock.now())
    return report.as_document()


@shared_task
def flag_requests() -> int:
    """Run by beat every half minute, and when work opens: tell of what nobody can or will do."""
    admins, patience = settings.POLYPHEMUS_ADMIN_EMAILS, policies.poll_patience()
    return flags.sweep(admins=admins, patience=patience, now=clock.now())


@shared_task
def tell_of_replaced_keys() -> int:
    """Run by beat every minute: write to whoever still signs with a key that was replaced."""
    return replaced_keys.tell(now=clock.now())
