"""A full scan shared by workers: nothing is lost, nothing counts twice, two don't run at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from loaders.models import Gap, ScanRun, Seen, Shard, Suggestion
from loaders.services import changes, scans, sweeps
from loaders.services.locks import held
from loaders.signals import shard_written
from magma.client import Magma
from magma.errors import MagmaError, MagmaUnreachable
from tests.loaders.conftest import PATIENT, now, only_suggestion, upload_normal
from tests.magma.demo_fixture import RunningWarehouse

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _without_workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The tests do the workers' part themselves; small stretches make several."""
    monkeypatch.setattr(sweeps, "STRETCH", 7)
    receivers, shard_written.receivers = shard_written.receivers, []
    yield
    shard_written.receivers = receivers


def judge_all(magma: Magma) -> list[int]:
    shards = Shard.objects.filter(done_at=None).order_by("?").values_list("pk", flat=True)
    return [sweeps.judge(magma, pk, clock=now).records for pk in list(shards)]


def test_stretches_judged_in_any_order_come_to_the_whole(magma: Magma, warehouse: RunningWarehouse) -> None:
    upload_normal(warehouse)

    (run,) = sweeps.begin(magma, "dt_lung", clock=now)
    counts = judge_all(magma)

    run.refresh_from_db()
    assert len(counts) > 4
    assert sum(counts) == run.records == run.expected == 30
    assert run.judged == 30
    assert run.verdicts["exome_pipe"]["due"] == 1
    assert run.ended_at is not None
    assert only_suggestion().anchor == PATIENT
    assert Gap.objects.exists()
    assert not Shard.objects.exists()


def test_it_comes_to_the_same_as_a_scan_in_one_go(magma: Magma, warehouse: RunningWarehouse) -> None:
    upload_normal(warehouse)
    alone = scans.scan_all(magma, "dt_lung", clock=now).plain()

    (run,) = sweeps.begin(magma, "dt_lung", clock=now)
    judge_all(magma)

    run.refresh_from_db()
    assert run.verdicts == alone


def test_a_stretch_judged_twice_counts_once(magma: Magma) -> None:
    (run,) = sweeps.begin(magma, "dt_lung", clock=now)
    shard = Shard.objects.earliest("number")

    tallies = [sweeps.judge(magma, shard.pk, clock=now).records for _ in range(2)]

    run.refresh_from_db()
    assert tallies == [len(shard.names), 0]
    assert run.records == len(shard.names)


def test_workers_at_once_count_everything_once(magma: Magma) -> None:
    (run,) = sweeps.begin(magma, "dt_lung", clock=now)
    shards = list(Shard.objects.values_list("pk", flat=True)) * 2

    def work(pk: int) -> None:
        try:
            sweeps.judge(magma, pk, clock=now)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, shards))

    run.refresh_from_db()
    assert (run.records, run.ended_at is not None) == (30, True)


def test_two_scans_of_a_model_do_not_run_at_once(magma: Magma) -> None:
    first = sweeps.begin(magma, "dt_lung", clock=now)

    second = sweeps.begin(magma, "dt_lung", clock=now)

    assert (len(first), second) == (1, [])
    assert scans.scan_all(magma, "dt_lung", clock=now).records == 0


def test_a_scan_in_one_go_keeps_the_shared_one_away(magma: Magma) -> None:
    def shared(_: int) -> list[ScanRun]:
        try:
            return sweeps.begin(magma, "dt_lung", clock=now)
        finally:
            connection.close()

    with held("full", "dt_lung", "patient"), ThreadPoolExecutor(1) as pool:
        (begun,) = pool.map(shared, [1])

    assert begun == []


def test_nor_do_two_in_one_go(magma: Magma) -> None:
    def alone(_: int) -> int:
        try:
            return scans.scan_all(magma, "dt_lung", clock=now).records
        finally:
            connection.close()

    with held("full", "dt_lung", "patient"), ThreadPoolExecutor(1) as pool:
        (read,) = pool.map(alone, [1])

    assert read == 0
    assert not ScanRun.objects.filter(model="patient").exists()


def test_a_listing_that_died_with_its_worker_keeps_no_later_one_away(magma: Magma) -> None:
    lost = ScanRun.objects.create(
        kind="full", project="dt_lung", model="patient", started_at=now(), is_sharded=True, expected=0
    )

    (run,) = sweeps.begin(magma, "dt_lung", clock=now)

    lost.refresh_from_db()
    assert run.pk != lost.pk
    assert "The worker that listed the records was lost" in lost.error


def test_while_records_are_still_listed_the_scan_goes_on(magma: Magma) -> None:
    (run,) = sweeps.begin(magma, "dt_lung", clock=now)
    ScanRun.objects.update(listed_at=None)

    judge_all(magma)

    run.refresh_from_db()
    assert (run.records, run.ended_at) == (30, None)


def test_what_a_killed_worker_left_is_taken_up_again(magma: Magma) -> None:
    sweeps.begin(magma, "dt_lung", clock=now)
    shard = Shard.objects.earliest("number")
    sweeps.judge(magma, shard.pk, clock=now)

    soon = sweeps.left_over(now=now() + timedelta(minutes=1))
    later = sweeps.left_over(now=now() + timedelta(minutes=5))

    assert soon == []
    assert set(later) == set(Shard.objects.filter(done_at=None).values_list("pk", flat=True))


def test_a_stretch_that_fails_says_why_and_waits(magma: Magma, warehouse: RunningWarehouse) -> None:
    sweeps.begin(magma, "dt_lung", clock=now)
    warehouse.process.terminate()
    warehouse.process.wait()
    shard = Shard.objects.earliest("number")

    with pytest.raises(MagmaUnreachable):
        sweeps.judge(magma, shard.pk, clock=now)

    shard.refresh_from_db()
    assert "MagmaUnreachable" in shard.error
    assert shard.done_at is None


def test_a_listing_that_fails_ends_the_scan_with_its_cause(
    magma: Magma, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Iterator[Any]:
        raise MagmaUnreachable("It went away.")

    monkeypatch.setattr(Magma, "walk", broken)

    with pytest.raises(MagmaError):
        sweeps.begin(magma, "dt_lung", clock=now)

    run = ScanRun.objects.get()
    assert (run.error_code, run.ended_at is not None) == ("magma_unreachable", True)


def test_a_scan_nobody_can_finish_is_given_up(magma: Magma) -> None:
    (run,) = sweeps.begin(magma, "dt_lung", clock=now)

    sweeps.left_over(now=now() + sweeps.LONGEST + timedelta(minutes=1))

    run.refresh_from_db()
    assert "not finished" in run.error


def test_a_patient_that_is_gone_loses_its_suggestion(magma: Magma, warehouse: RunningWarehouse) -> None:
    upload_normal(warehouse)
    scans.scan_all(magma, "dt_lung", clock=now)
    warehouse.load({"patient": {PATIENT: {"project": None}}})

    sweeps.begin(magma, "dt_lung", clock=now)
    judge_all(magma)

    assert not Suggestion.objects.standing().exists()
    assert not Seen.objects.filter(first=PATIENT).exists()


def test_so_does_one_in_the_middle_of_a_stretch(magma: Magma, warehouse: RunningWarehouse) -> None:
    upload_normal(warehouse)
    warehouse.load({"patient": {"DTL000": {"project": "DT Lung"}}})
    scans.scan_all(magma, "dt_lung", clock=now)
    warehouse.load({"patient": {PATIENT: {"project": None}}})

    sweeps.begin(magma, "dt_lung", clock=now)
    judge_all(magma)

    assert not Suggestion.objects.standing().exists()


def test_so_does_one_that_no_full_scan_has_seen(magma: Magma, warehouse: RunningWarehouse) -> None:
    upload_normal(warehouse)
    changes.tell("dt_lung", {"patient": [PATIENT]}, now=now())
    scans.judge_pending(magma, "dt_lung", clock=now)
    warehouse.load({"patient": {PATIENT: {"project": None}}})

    sweeps.begin(magma, "dt_lung", clock=now)
    judge_all(magma)

    assert not Suggestion.objects.standing().exists()


def test_suggestions_of_a_loader_that_is_gone_are_closed(magma: Magma, warehouse: RunningWarehouse) -> None:
    upload_normal(warehouse)
    scans.scan_all(magma, "dt_lung", clock=now)
    Suggestion.objects.update(loader="retired_pipe")

    sweeps.begin(magma, "dt_lung", clock=now)

    retired = only_suggestion(loader="retired_pipe")
    assert retired.because.startswith("The loader is no longer installed")
