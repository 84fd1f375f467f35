"""A written notice is sent at once; beat finds it if this is missed."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from polyphemus_site.mail.signals import notice_written
from polyphemus_site.mail.tasks import deliver_notices


@receiver(notice_written)
def send_soon(sender: Any, **carried: Any) -> None:
    """Don't wait for the beat; don't wait for the broker either."""
    del sender, carried
    deliver_notices.apply_async(retry=False)
