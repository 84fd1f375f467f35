"""A written notice is sent at once; beat finds it if this is missed."""

from __future__ import annotations

from typing import Any

from anymail.signals import AnymailTrackingEvent, EventType, tracking
from django.dispatch import receiver

from polyphemus_site.mail.signals import notice_written
from polyphemus_site.mail.tasks import block_mailbox, deliver_notices


@receiver(notice_written)
def send_soon(sender: Any, **carried: Any) -> None:
    """Don't wait for the beat; don't wait for the broker either."""
    del sender, carried
    deliver_notices.apply_async(retry=False)


@receiver(tracking)
def stop_sending(sender: Any, event: AnymailTrackingEvent, **carried: Any) -> None:
    """A bounce or a complaint, told by the mail provider, ends sending to that address."""
    del sender, carried
    if event.recipient and event.event_type in {EventType.BOUNCED, EventType.COMPLAINED}:
        block_mailbox(event.recipient, complained=event.event_type == EventType.COMPLAINED)
