"""Background work of dispatch."""

from __future__ import annotations

from celery import shared_task

from dispatch import policies, witness
from dispatch.services import due, repeats
from polyphemus_site import clock


@shared_task
def sweep_due_dates() -> dict[str, int | bool]:
    """Run every two seconds by beat."""
    report = due.sweep(witness=witness.configured(), waits=policies.waits(), now=clock.now())
    return report.as_document()


@shared_task
def forget_answers() -> int:
    """Run hourly by beat: answers kept for repeated calls."""
    return repeats.forget(now=clock.now())
