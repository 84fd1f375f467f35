"""The server's time as far as we can know it: signatures are judged by its clock, not by ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from polyphemus_analyst.backoff import http_date

#: `Date` has whole seconds and takes its time to arrive; less than this is no difference.
NOTICEABLE = timedelta(seconds=2)


def system_now() -> datetime:
    """What this machine believes."""
    return datetime.now(UTC)


class Clock:
    """This machine's clock, corrected by what the server says of the time."""

    def __init__(self, now: Callable[[], datetime] = system_now) -> None:
        """Until the first answer this machine is believed."""
        self.system = now
        self.offset = timedelta()

    def now(self) -> datetime:
        """The server's time."""
        return self.system() + self.offset

    def learn(self, headers: Mapping[str, str]) -> bool:
        """Take the time from an answer's `Date`; True when it was noticeably another than believed."""
        told = http_date(headers.get("Date", ""))
        if told is None or abs(told - self.now()) < NOTICEABLE:
            return False
        self.offset = told - self.system()
        return True
