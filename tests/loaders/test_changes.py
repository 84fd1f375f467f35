"""Which records want judging, and what of it the journal missed: told, found, ripening, judged."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from loaders.models import Change, ScanCursor
from loaders.services import changes

pytestmark = pytest.mark.django_db
TUBE = "DTL001.N1.exome"
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def tell(at: datetime, *names: str) -> None:
    changes.tell("dt_lung", {"exome": names or [TUBE]}, now=at)


def find(at: datetime, stamp: datetime, *, disconnected: bool = False) -> tuple[int, int]:
    """As a scan does; how many were new, and how many of them missed."""
    found = changes.find("dt_lung", "exome", {TUBE: stamp}, disconnected=disconnected, counted=True, now=at)
    return found.changes, found.missed


def judged(at: datetime, looked_at: datetime | None = None) -> None:
    changes.done(changes.pending("dt_lung", 10, now=at), looked_at=looked_at or at)


def pending(at: datetime) -> list[str]:
    return [row.record for row in changes.pending("dt_lung", 10, now=at)]


class TestMissed:
    def test_having_told_of_an_earlier_change_does_not_excuse_the_journal(self, now: datetime) -> None:
        tell(now)
        judged(now)

        assert find(now + 2 * MINUTE, now + MINUTE) == (1, 1)

    @pytest.mark.parametrize(("late", "missed"), [(9 * MINUTE, 0), (11 * MINUTE, 1)])
    def test_an_entry_is_late_for_ten_minutes_and_then_it_was_missing(
        self, now: datetime, late: timedelta, missed: int
    ) -> None:
        place = {"project": "dt_lung", "model": "exome", "disconnected": False}
        cursor = ScanCursor.objects.create(**place, since=now, read_at=now, found=1, missed=1)
        find(now, now - SECOND)

        tell(now + late)

        cursor.refresh_from_db()
        assert cursor.missed == missed

    def test_the_same_stamp_among_the_disconnected_is_another_change(self, now: datetime) -> None:
        find(now, now - MINUTE)
        judged(now + MINUTE)

        assert find(now + MINUTE, now - MINUTE) == (0, 0)
        assert find(now + MINUTE, now - MINUTE, disconnected=True) == (1, 1)
        assert pending(now + MINUTE) == [TUBE]


class TestRipen:
    @pytest.mark.parametrize("order", [(1, 2), (2, 1)])
    def test_of_two_instants_that_may_change_a_verdict_the_earlier_counts(
        self, now: datetime, order: tuple[int, int]
    ) -> None:
        for hours in order:
            changes.ripen("dt_lung", "exome", {TUBE: now + timedelta(hours=hours)}, now=now)

        assert Change.objects.get().ripe_at == now + timedelta(hours=1)

    def test_what_is_judged_as_told_of_is_judged_again_when_its_time_comes(self, now: datetime) -> None:
        tell(now)

        changes.ripen("dt_lung", "exome", {TUBE: now + MINUTE}, now=now)
        judged(now)

        assert (pending(now), pending(now + MINUTE)) == ([], [TUBE])

    def test_what_is_told_of_before_its_time_is_judged_at_once(self, now: datetime) -> None:
        changes.ripen("dt_lung", "exome", {TUBE: now + MINUTE}, now=now)

        tell(now)

        assert pending(now) == [TUBE]


def test_what_was_judged_before_a_page_was_read_is_not_judged_again_for_it(now: datetime) -> None:
    tell(now, "before")
    judged(now)
    tell(now + 2 * MINUTE, "meanwhile")
    judged(now + 2 * MINUTE)

    reopened = changes.reopen(
        "dt_lung", {"exome": ["before", "meanwhile"]}, since=now + MINUTE, now=now + 3 * MINUTE
    )

    assert (reopened, pending(now + 3 * MINUTE)) == (1, ["meanwhile"])


def test_what_was_judged_is_forgotten_after_a_day_and_what_waits_never(now: datetime) -> None:
    tell(now - timedelta(days=3), "judged")
    judged(now - timedelta(days=2))
    tell(now - timedelta(days=3), "waits")
    Change.objects.filter(record="waits").update(looked_at=now - timedelta(days=3))

    assert changes.forget(now=now) == 1
    assert Change.objects.get().record == "waits"
