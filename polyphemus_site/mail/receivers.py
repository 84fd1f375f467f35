"""A written notice is sent at once; beat finds it if this is missed."""

from __future__ import annotations

import time
from typing import Any, Final

from anymail.signals import AnymailTrackingEvent, EventType, tracking
from django.dispatch import receiver

from polyphemus_site.mail import mailboxes
from polyphemus_site.mail.signals import notice_written
from polyphemus_site.mail.tasks import block_mailbox, deliver_notices

#: Between two orders of one process; each order sends all that is owed by then.
GAP_S: Final = 1.0


class Orders:
    """When this process last ordered a delivery, or the instant for which it has."""

    def __init__(self) -> None:
        """None yet."""
        self.next_at = 0.0

    def wait(self, instant: float) -> float | None:
        """How long a new order should wait; None when one that is to come will do."""
        if self.next_at > instant:
            return None
        self.next_at = max(self.next_at + GAP_S, instant)
        return self.next_at - instant


orders = Orders()


@receiver(notice_written)
def send_soon(sender: Any, **carried: Any) -> None:
    """Don't wait for the beat; don't wait for the broker either, nor ask it for each of many."""
    del sender, carried
    wait = orders.wait(time.monotonic())
    if wait is not None:
        deliver_notices.apply_async(countdown=wait, retry=False)


#: What the mail provider may tell us that ends sending to an address.
ENDS = {
    EventType.BOUNCED: mailboxes.BOUNCED,
    EventType.COMPLAINED: mailboxes.COMPLAINED,
    EventType.UNSUBSCRIBED: mailboxes.UNSUBSCRIBED,
}


@receiver(tracking)
def stop_sending(sender: Any, event: AnymailTrackingEvent, **carried: Any) -> None:
    """A bounce or a complaint, told by the mail provider, ends sending to that address."""
    del sender, carried
    if event.recipient and (reason := ENDS.get(event.event_type)):
        block_mailbox(event.recipient, reason)
