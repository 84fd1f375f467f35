"""A Celery app whose one task does nothing."""

from __future__ import annotations

import os

from celery import Celery

QUEUE = os.environ.get("BENCH_QUEUE", "bench")

app = Celery(QUEUE, broker=os.environ.get("REDIS_URL", ""))
app.conf.task_default_queue = QUEUE
app.conf.task_ignore_result = True


@app.task
def nothing() -> None:
    """Done."""


def fill(jobs: int) -> None:
    """Order that many."""
    for _ in range(jobs):
        nothing.delay()
