"""Checks of instants: one after another, and silence for a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from django.utils.translation import gettext_noop as _

from loaders.checks.base import Check, Finding
from loaders.pages import Page
from polyphemus_site.sentences import Sentence

#: Ten years of minutes.
LONGEST_QUIET = 5_256_000


def instant(value: Any) -> datetime | None:
    """Magma's ISO text as an instant; what has no zone is UTC, what isn't a time is None."""
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


@dataclass(frozen=True)
class UpdatedAfter(Check):
    """The instant at `attribute` is later than the one at `than`, or than `than` where that is an instant."""

    attribute: str
    than: str
    id: ClassVar[str] = "updated_after"

    def __post_init__(self) -> None:
        """Refuse what begins like an instant and is none."""
        if self._is_instant and instant(self.than) is None:
            raise ValueError(f"`updated_after` wants a path or an instant, not {self.than!r}.")

    @property
    def _is_instant(self) -> bool:
        """No attribute's name begins with a digit."""
        return self.than[:1].isdigit()

    def reads(self) -> frozenset[str]:
        """Both."""
        return frozenset({self.attribute} if self._is_instant else {self.attribute, self.than})

    def judge(self, page: Page) -> list[bool]:
        """Pair by pair; a missing instant is after nothing."""
        pairs = zip(page.values(self.attribute), self._others(page), strict=True)
        return [self._later(first, second) for first, second in pairs]

    def explain(self, page: Page, index: int) -> Finding:
        """With both instants."""
        one = page.only(page.names[index])
        (first,), (second,) = one.values(self.attribute), self._others(one)
        says = Sentence(_("%(attribute)s is later than %(than)s"), attribute=self.attribute, than=self.than)
        return Finding(self.id, self._later(first, second), says, seen=[first, second])

    def _others(self, page: Page) -> list[Any]:
        return [self.than] * len(page) if self._is_instant else page.values(self.than)

    def _later(self, first: Any, second: Any) -> bool:
        left, right = instant(first), instant(second)
        return left is not None and right is not None and left > right


@dataclass(frozen=True)
class Quiet(Check):
    """Nothing has changed for some minutes: the instant at `attribute` is that long past."""

    minutes: int
    attribute: str = "updated_at"
    id: ClassVar[str] = "quiet"

    def __post_init__(self) -> None:
        """Refuse a silence nobody could wait for."""
        if not 0 <= self.minutes <= LONGEST_QUIET:
            raise ValueError(f"`quiet` wants 0 to {LONGEST_QUIET} minutes, not {self.minutes}.")

    def reads(self) -> frozenset[str]:
        """The one attribute."""
        return frozenset({self.attribute})

    def judge(self, page: Page) -> list[bool]:
        """Exactly that long ago is quiet."""
        return [ends is not None and ends <= page.now for ends in self._ends(page)]

    def explain(self, page: Page, index: int) -> Finding:
        """With the instant."""
        one = page.only(page.names[index])
        (value,) = one.values(self.attribute)
        unchanged = _("%(attribute)s unchanged for %(minutes)s min")
        says = Sentence(unchanged, attribute=self.attribute, minutes=self.minutes)
        return Finding(self.id, self.judge(one)[0], says, seen=value)

    def ripens(self, page: Page) -> list[datetime | None]:
        """When the silence will have been long enough."""
        return [ends if ends is not None and ends > page.now else None for ends in self._ends(page)]

    def _ends(self, page: Page) -> list[datetime | None]:
        length = timedelta(minutes=self.minutes)
        return [_after(instant(value), length) for value in page.values(self.attribute)]


def _after(at: datetime | None, length: timedelta) -> datetime | None:
    """So much later; None when that is beyond all calendars."""
    try:
        return None if at is None else at + length
    except OverflowError:
        return None
