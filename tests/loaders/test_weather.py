"""Bad weather: Magma restarts in mid-scan, its clock is wrong, its pages are huge, the journal floods."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta

import pytest

from loaders import registry
from loaders.models import Change, ScanCursor, ScanRun, Suggestion
from loaders.registry import Registry
from loaders.services import changes, scans
from loaders.services.verdicts import Engine
from magma.client import Magma
from magma.wire import Patience
from tests import web
from tests.bench.large_records import PROJECT, SPECIMEN, specimen_name
from tests.bench.large_warehouse import ROOT, Running, large_warehouse
from tests.bench.scan_loaders import Fastqs
from tests.loaders.conftest import now, only_suggestion, upload_normal
from tests.magma.demo_fixture import RunningWarehouse

pytestmark = pytest.mark.django_db(transaction=True)
RECORDS = 6_000
#: Long enough for a process to start on a busy machine.
PATIENCE = Patience(attempts=12)


@pytest.fixture
def only_fastqs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "current", lambda: Registry({"fastqs": Fastqs()}))


@contextmanager
def serving(port: int) -> Iterator[Callable[[], None]]:
    """A large warehouse on a port of its own, and a way to have it start anew."""
    command = [sys.executable, "-m", "tests.bench.large_warehouse", "--port", str(port)]
    processes: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        for process in processes:
            process.kill()
            process.wait()
        processes.append(subprocess.Popen([*command, "--records", str(RECORDS)], cwd=ROOT))  # noqa: S603 — our own program
        web.wait_for_port(port, processes[-1])

    try:
        start()
        yield start
    finally:
        processes[-1].kill()
        processes[-1].wait()


def test_a_magma_that_restarts_in_mid_sweep_costs_time_and_nothing_else() -> None:
    port, restarts = web.free_port(), [3, 5]
    magma = Magma(url=f"http://127.0.0.1:{port}", token="x", patience=PATIENCE)

    with serving(port) as restart, closing(magma):

        def watch(run: ScanRun) -> None:
            if restarts and run.pages >= restarts[0]:
                restarts.pop(0)
                restart()

        engine = Engine.of(magma, PROJECT, [Fastqs()])
        interrupted = scans.scan_model(engine, SPECIMEN, clock=now, watch=watch)
        again = scans.scan_model(engine, SPECIMEN, clock=now)

    assert not restarts
    assert (interrupted.records, again.records, again.judged, again.written) == (RECORDS, RECORDS, 0, 0)
    assert again.plain() == interrupted.plain()


@pytest.mark.usefixtures("only_fastqs")
class TestAClockThatIsWrong:
    @pytest.fixture
    def running(self) -> Iterator[Running]:
        with large_warehouse(RECORDS) as running:
            yield running

    @pytest.fixture
    def large(self, running: Running) -> Iterator[Magma]:
        with closing(Magma(url=running.url, token="x")) as magma:
            yield magma

    @pytest.mark.parametrize("skew", [timedelta(hours=3), timedelta(hours=-3)])
    def test_every_change_is_found_once_and_nothing_is_suggested_twice(
        self, running: Running, large: Magma, skew: timedelta
    ) -> None:
        stamp = now().replace(microsecond=0) + skew
        for side in (False, True):
            ScanCursor.objects.create(
                project=PROJECT, model=SPECIMEN, disconnected=side, since=stamp, read_at=now()
            )
        found = [self.scanned(running, large, stamp + timedelta(minutes=10 * n)) for n in (1, 2, 3)]

        assert found == [5, 5, 5]
        assert self.found_twice(large) == 0
        assert len({one.anchor for one in Suggestion.objects.standing()}) == Suggestion.objects.count()

    def scanned(self, running: Running, large: Magma, stamp: datetime) -> int:
        numbers = [11, 22, 33, 44, 55]  # these lack their vcf
        running.control("touch", model=SPECIMEN, numbers=numbers, stamp=stamp.isoformat())
        return scans.scan_changes(large, PROJECT, clock=now, model=SPECIMEN).records

    def found_twice(self, large: Magma) -> int:
        scans.scan_changes(large, PROJECT, clock=lambda: now() + timedelta(minutes=1), model=SPECIMEN)
        later = lambda: now() + timedelta(minutes=2)  # noqa: E731 — a clock
        return scans.scan_changes(large, PROJECT, clock=later, model=SPECIMEN).records

    def test_a_flood_of_entries_is_judged_once_a_record(self, large: Magma) -> None:
        names = [specimen_name(number) for number in range(500)]
        for start in range(200):
            told = [names[(50 * start + n) % 500] for n in range(50)]
            changes.tell(PROJECT, {SPECIMEN: told}, now=now())

        tally = scans.judge_pending(large, PROJECT, clock=now)

        assert (tally.records, tally.pages) == (500, 1)
        assert not Change.objects.filter(pending=True).exists()
        assert scans.judge_pending(large, PROJECT, clock=now).records == 0


def test_a_page_of_ten_megabytes_is_judged_like_any_other(magma: Magma, warehouse: RunningWarehouse) -> None:
    upload_normal(warehouse)
    names = list(magma.identifiers("dt_lung", "patient"))
    for name in names:
        warehouse.load({"patient": {name: {"physician": "Dr. " + 400_000 * "é"}}})

    tally = scans.scan_all(magma, "dt_lung", clock=now, model="patient")

    assert tally.records == len(names)
    assert tally.faults == {}
    assert only_suggestion(loader="exome_pipe").anchor == "DTL001"
