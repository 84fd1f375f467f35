"""The next time it is a certain hour somewhere."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


def next_hour(hour: int, zone: str, *, now: datetime) -> datetime:
    """The next time the clocks of that zone show this hour; strictly later than now."""
    local = now.astimezone(ZoneInfo(zone))
    today = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    return (today if today > local else today + DAY).astimezone(now.tzinfo)
