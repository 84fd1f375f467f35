from __future__ import annotations

import pytest
from celery.schedules import crontab

from polyphemus_site import schedule
from polyphemus_site.celery import app

TIMETABLE = schedule.timetable(scan_seconds=7, full_scan_hour=3)


@pytest.mark.parametrize("name", TIMETABLE)
def test_beat_names_only_tasks_that_workers_know(name: str) -> None:
    app.loader.import_default_modules()

    assert TIMETABLE[name]["task"] in app.tasks


@pytest.mark.parametrize("name", TIMETABLE)
def test_reminders_that_nobody_took_do_not_pile_up(name: str) -> None:
    assert TIMETABLE[name]["options"]["expires"] > 0


def test_an_operator_says_how_often_magma_is_asked_and_when_at_night() -> None:
    assert TIMETABLE["loaders.tasks.scan_changes"]["schedule"] == 7.0
    assert TIMETABLE["loaders.tasks.scan_everything"]["schedule"] == crontab(minute="17", hour="3")
