"""How long the accounts of scans are kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from loaders.models import ScanRun
from loaders.services import runs
from loaders.states import ScanKind

pytestmark = pytest.mark.django_db


def ran(now: datetime, **values: Any) -> ScanRun:
    began = now - values.pop("ago")
    told: dict[str, Any] = {"kind": ScanKind.CHANGES, "project": "dt_lung", "model": "exome"}
    return ScanRun.objects.create(**told | {"started_at": began, "ended_at": began} | values)


DAYS = timedelta(days=1)


def test_of_quiet_scans_of_changes_those_of_a_day_are_kept_and_the_last(now: datetime) -> None:
    ran(now, ago=3 * DAYS)
    last_of_another = ran(now, ago=3 * DAYS, model="patient")
    kept = [ran(now, ago=DAYS / 2), ran(now, ago=DAYS / 3)]

    assert runs.forget(now=now) == 1
    assert set(ScanRun.objects.all()) == {*kept, last_of_another}


@pytest.mark.parametrize(
    "values",
    [{"error": "x"}, {"faults": {"mine": "x"}}, {"ended_at": None}, {"kind": ScanKind.FULL}],
)
def test_what_somebody_may_ask_about_is_kept_for_a_month(now: datetime, values: dict[str, Any]) -> None:
    told = ran(now, ago=3 * DAYS, **values)
    ran(now, ago=DAYS / 2, kind=told.kind)

    assert runs.forget(now=now) == 0
    assert runs.forget(now=now + 28 * DAYS) >= 1
