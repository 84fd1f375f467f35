from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyphemus_analyst import backoff
from polyphemus_analyst.clock import Clock

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@given(attempt=st.integers(0, 10_000), uniform=st.floats(0, 1))
def test_the_wait_is_any_share_of_a_bounded_ceiling(attempt: int, uniform: float) -> None:
    waited = backoff.full_jitter(attempt, uniform=uniform)

    assert 0 <= waited <= min(backoff.CEILING_S, 2.0 ** min(attempt, 30))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30", 30.0),
        ("0", 0.0),
        ("Mon, 23 Nov 2026 12:01:00 GMT", 60.0),
        ("Mon, 23 Nov 2026 11:59:00 GMT", 0.0),
        ("999999999999", backoff.LONGEST_S),
        ("-5", None),
        ("soon", None),
        ("٣٠", None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_number_or_date(value: str, seconds: float | None) -> None:
    assert backoff.asked_for({"Retry-After": value}, now=NOON) == seconds


@given(attempt=st.integers(0, 40))
def test_what_the_server_asks_for_is_never_cut_short(attempt: int) -> None:
    assert backoff.wait_for(attempt, {"Retry-After": "120"}, now=NOON) >= 120


def test_the_clock_follows_the_servers() -> None:
    clock = Clock(lambda: NOON)

    noticed = clock.learn({"Date": "Mon, 23 Nov 2026 12:10:00 GMT"})

    assert noticed
    assert clock.now() == NOON + timedelta(minutes=10)


@pytest.mark.parametrize("date", ["Mon, 23 Nov 2026 12:00:01 GMT", "nonsense", ""])
def test_the_clock_ignores_what_tells_nothing(date: str) -> None:
    clock = Clock(lambda: NOON)

    noticed = clock.learn({"Date": date})

    assert not noticed
    assert clock.now() == NOON
