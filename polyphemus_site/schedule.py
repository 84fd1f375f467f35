"""What beat reminds the workers of, and how often: the whole timetable on one screen."""

from __future__ import annotations

from typing import TypedDict

from celery.schedules import crontab

#: How often, in seconds, each task runs.
PERIODS: dict[str, float] = {
    "polyphemus_site.tasks.record_heartbeat": 10,
    "polyphemus_site.tasks.send_due_digests": 60,
    "polyphemus_site.tasks.post_to_channels": 60,
    "polyphemus_site.mail.tasks.deliver_notices": 10,
    "polyphemus_site.api.tasks.drain_audit": 5,
    "polyphemus_site.api.tasks.forget_old": 3600,
    "polyphemus_site.api.tasks.forget_answers": 3600,
    "magma.journal.tasks.tell_again": 15,
    "magma.journal.tasks.forward_due": 10,
    "magma.journal.tasks.forget_old": 3600,
    "dispatch.tasks.sweep_due_dates": 2,
    "dispatch.tasks.flag_requests": 30,
    "dispatch.tasks.tell_of_replaced_keys": 60,
    "dispatch.webhooks.tasks.tell_endpoints": 3,
    "dispatch.webhooks.tasks.forget_deliveries": 3600,
    "orphans.tasks.scan_projects": 60,
    "orphans.tasks.sweep_projects": 900,
    "orphans.tasks.go_on": 10,
    "loaders.tasks.take_up_shards": 120,
    "loaders.tasks.list_buckets": 60,
    "loaders.tasks.keep_house": 60,
    "loaders.tasks.tell_authors": 3600,
}

#: Where a reminder stays good beyond the next: due dates must not be passed over by a busy worker.
PATIENCE: dict[str, float] = {"dispatch.tasks.sweep_due_dates": 4}


class Entry(TypedDict):
    """One line of the timetable, as beat wants it."""

    task: str
    schedule: float | crontab
    options: dict[str, float]


def timetable(*, scan_seconds: int, full_scan_hour: int) -> dict[str, Entry]:
    """Beat's schedule; a reminder that no worker took in time is not owed: the next does its work."""
    periods = PERIODS | {"loaders.tasks.scan_changes": scan_seconds}
    entries = {task: _every(task, seconds) for task, seconds in periods.items()}
    nightly = crontab(minute="17", hour=str(full_scan_hour))
    return entries | {"loaders.tasks.scan_everything": _entry("loaders.tasks.scan_everything", nightly, 3600)}


def _every(task: str, seconds: float) -> Entry:
    return _entry(task, float(seconds), PATIENCE.get(task, seconds))


def _entry(task: str, schedule: float | crontab, expires: float) -> Entry:
    return {"task": task, "schedule": schedule, "options": {"expires": expires}}
