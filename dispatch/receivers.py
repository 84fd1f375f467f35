"""What follows from dispatch's own signals."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from dispatch.signals import request_released, request_submitted
from dispatch.tasks import flag_requests


@receiver([request_submitted, request_released])
def look_for_analysts(sender: Any, **carried: Any) -> None:
    """Work that nobody can do is told of at once; beat comes by in any case."""
    del sender, carried
    flag_requests.apply_async(retry=False)
