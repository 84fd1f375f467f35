"""One full scan shared by two worker processes, one of which is killed outright."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from loaders import registry, tasks
from loaders.models import ScanRun, Shard, Suggestion
from loaders.services import scans, sweeps
from loaders.services.verdicts import Engine
from magma.client import Magma
from tests import web
from tests.bench.large_records import PROJECT, SPECIMEN
from tests.bench.large_warehouse import Running, large_warehouse
from tests.bench.scan_loaders import Fastqs, Realigned
from tests.dispatch.waiting import wait_until
from tests.loaders.conftest import now
from tests.workers import spell, workers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.journey]

LOADERS = (Fastqs(), Realigned())
#: Three stretches for the workers.
RECORDS = 15_000
SECONDS = 180


@pytest.fixture
def running() -> Iterator[Running]:
    with large_warehouse(RECORDS) as running:
        yield running


@pytest.fixture
def environment(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """What this process and the workers agree on."""
    folder = tmp_path / "loaders"
    folder.mkdir()
    values = {"POLYPHEMUS_LOADER_PATH": str(spell(LOADERS, folder))}
    values |= {
        "POLYPHEMUS_MAGMA_URL": running.url,
        "POLYPHEMUS_MAGMA_TOKEN": "x",
        "POLYPHEMUS_PROJECTS": PROJECT,
    }
    for name, value in values.items():
        monkeypatch.setattr(settings, name, value)
    registry.current.cache_clear()
    yield values | {"DATABASE_URL": web.tests_database_url(), "REDIS_URL": settings.REDIS_URL}
    registry.current.cache_clear()


def stretches_being_judged() -> int:
    """Each worker holds the lock of the one it is at."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database"
            " WHERE locktype = 'advisory' AND datname = current_database()"
        )
        return int(cursor.fetchone()[0])


def ended() -> bool:
    return ScanRun.objects.filter(is_sharded=True, ended_at__isnull=False).exists()


def test_a_worker_killed_outright_in_mid_scan_loses_nothing_and_counts_nothing_twice(
    running: Running, environment: dict[str, str], tmp_path: Path
) -> None:
    with closing(Magma(url=running.url, token="x")) as magma, workers(2, tmp_path, environment) as (one, _):
        (run,) = sweeps.begin(magma, PROJECT, clock=now)
        wait_until(lambda: stretches_being_judged() == 2, seconds=SECONDS)
        one.send_signal(signal.SIGKILL)
        one.wait()
        wait_until(lambda: Shard.objects.filter(done_at=None).count() <= 1, seconds=SECONDS)
        (left,) = sweeps.left_over(now=now() + 2 * sweeps.QUIET)
        tasks.judge_shard.delay(left)
        wait_until(ended, seconds=SECONDS)

        run.refresh_from_db()
        suggested = Suggestion.objects.standing().count()
        again = scans.scan_model(Engine.of(magma, PROJECT), SPECIMEN, clock=now)

    assert (run.records, run.expected, run.error) == (RECORDS, RECORDS, "")
    assert (again.judged, again.written) == (0, 0)
    assert again.plain() == run.verdicts
    assert suggested == sum(counts["due"] for counts in run.verdicts.values())
