"""What task queues do in the same minutes: jobs that do nothing, drained a second."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import redis

from tests.analyst.tools import installed

JOBS = 2000
#: The start is left out of the rate: workers come up one by one.
WARM = JOBS // 10
PATIENCE_S = 120
HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def celery_drain() -> float:
    """Jobs a second: prefork with two children, acknowledged early, prefetching, as is fastest for it."""
    environment = os.environ | {"BENCH_QUEUE": f"bench-{time.monotonic_ns()}"}
    app = "tests.bench.noop_celery"
    _run(sys.executable, "-c", f"from {app} import fill; fill({JOBS})", environment=environment)
    server = redis.Redis.from_url(os.environ["REDIS_URL"])
    command = [sys.executable, "-m", "celery", "-A", app, "worker", "-c", "2", "--prefetch-multiplier", "64"]
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "ERROR"]
    queue = environment["BENCH_QUEUE"]
    return _drained(command, environment, lambda: JOBS - server.llen(queue) - server.hlen("unacked"))


def procrastinate_drain() -> float:
    """Jobs a second of the queue that keeps its jobs in PostgreSQL, as we keep requests."""
    python = installed("procrastinate==3.10.0", "psycopg[binary,pool]==3.3.9") / "python"
    name = f"procrastinate_{time.monotonic_ns()}"
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    environment = os.environ | {"DATABASE_URL": url}
    script = str(HERE / "noop_procrastinate.py")
    _run(str(python), script, "fill", str(JOBS), environment=environment)
    with psycopg.connect(url, autocommit=True) as watch:
        question = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'succeeded'"
        rate = _drained(
            [str(python), script, "work"],
            environment,
            lambda: int(watch.execute(question).fetchone()[0]),  # type: ignore[index]  # a count always gives a row
        )
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    return rate


def _drained(command: list[str], environment: dict[str, str], done: Callable[[], int]) -> float:
    """Jobs a second from the tenth part on, while the worker runs."""
    with subprocess.Popen(  # noqa: S603 — commands of our own
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as worker:
        try:
            first, start = _wait(done, WARM)
            last, end = _wait(done, JOBS)
        finally:
            worker.terminate()
            worker.wait(PATIENCE_S)
    return (last - first) / (end - start)


def _wait(done: Callable[[], int], wanted: int) -> tuple[int, float]:
    deadline = time.monotonic() + PATIENCE_S
    while (count := done()) < wanted:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{count} of {wanted} jobs were done in time.")
        time.sleep(0.01)
    return count, time.perf_counter()


def _run(*command: str, environment: dict[str, str]) -> None:
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, timeout=PATIENCE_S)  # noqa: S603 — fixed words
