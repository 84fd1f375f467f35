"""Background work of the outbox."""

from __future__ import annotations

from celery import shared_task

from polyphemus_site.clock import now
from polyphemus_site.mail import delivery, mailboxes


@shared_task
def deliver_notices() -> int:
    """Run by beat every ten seconds and after each notice is written; the number sent."""
    return delivery.deliver(now=now()).sent


@shared_task
def block_mailbox(address: str, reason: str) -> None:
    """Called with what the mail provider tells us."""
    mailboxes.block(address, reason, now=now())
