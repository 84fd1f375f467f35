"""Work that need not keep the caller waiting: done once the answer has been sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rest_framework.response import Response

Work = Callable[[], object]


class Afterwards:
    """Takes work, and does it when the answer is out; what comes later than that is done at once."""

    def __init__(self) -> None:
        """Nothing to do yet."""
        self.waiting: list[Work] = []
        self.is_sent = False

    def __call__(self, work: Work) -> None:
        """Do it, now or then."""
        if self.is_sent:
            work()
        else:
            self.waiting.append(work)

    def run(self) -> None:
        """The answer is out."""
        self.is_sent = True
        while self.waiting:
            self.waiting.pop(0)()


class ResponseThenWork(Response):
    """An answer whose server, on closing it after the last byte, finds work to do."""

    def __init__(self, data: Any, *, afterwards: Afterwards) -> None:
        """Keep both."""
        super().__init__(data)
        self.afterwards = afterwards

    def close(self) -> None:
        """Called by the WSGI server when everything is sent."""
        try:
            self.afterwards.run()
        finally:
            super().close()
