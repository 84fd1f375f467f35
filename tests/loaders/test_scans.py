"""Three ways in, one engine: what each finds, what it remembers, and what it does when Magma fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest
from django.db import connection

from loaders.models import Change, ScanCursor, ScanRun, Suggestion
from loaders.services import changes, scans
from loaders.services.locks import held
from loaders.services.verdicts import Engine
from loaders.states import ScanKind, SuggestionStatus
from magma.client import Magma
from magma.errors import MagmaUnauthorized, MagmaUnreachable
from magma.pages import Page
from magma.wire import Patience
from tests.loaders.conftest import (
    NORMAL_EXOME,
    PATIENT,
    load_vcf,
    now,
    only_suggestion,
    reach_another_second,
    upload_normal,
)
from tests.loaders.test_templates import Changed, without
from tests.magma.demo_fixture import RunningWarehouse

pytestmark = pytest.mark.django_db(transaction=True)


T = TypeVar("T")


def a_minute_later() -> datetime:
    return now() + timedelta(minutes=1)


def elsewhere(made: Callable[[], T]) -> T:
    """What another worker would come to: a thread has a session of its own."""

    def work() -> T:
        try:
            return made()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


class Breaking(Magma):
    """Goes away after the first page of what changed."""

    def __init__(self, magma: Magma) -> None:
        self.wire, self._projects = magma.wire, ()

    def changed_since(
        self, project: str, model: str, since: datetime, attributes: Sequence[str], **named: Any
    ) -> Iterator[Page]:
        yield next(super().changed_since(project, model, since, attributes, **named))
        raise MagmaUnreachable("It went away.")


class TestJudgePending:
    def test_an_exome_the_journal_names_leads_to_its_patient(
        self, magma: Magma, warehouse: RunningWarehouse
    ) -> None:
        upload_normal(warehouse)
        changes.tell("dt_lung", {"exome": [NORMAL_EXOME]}, now=now())

        tally = scans.judge_pending(magma, "dt_lung", clock=now)

        assert tally.records == 1
        assert only_suggestion().anchor == PATIENT

    def test_a_model_no_loader_reads_costs_nothing(self, magma: Magma) -> None:
        changes.tell("dt_lung", {"document": ["D1"], "no_such_model": ["X"]}, now=now())

        tally = scans.judge_pending(magma, "dt_lung", clock=now)

        assert tally.records == 0
        assert not Change.objects.filter(pending=True).exists()

    def test_many_tellings_of_a_record_are_judged_once(self, magma: Magma) -> None:
        for _ in range(3):
            changes.tell("dt_lung", {"exome": [NORMAL_EXOME], "patient": [PATIENT]}, now=now())

        tally = scans.judge_pending(magma, "dt_lung", clock=now)

        assert tally.records == 1

    def test_what_several_changes_lead_to_is_judged_once_however_many_pages_they_fill(
        self, magma: Magma, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(scans, "PAGE_SIZE", 1)
        told = {"exome": [NORMAL_EXOME], "patient": [PATIENT, "DTL002", "DTL003"]}
        changes.tell("dt_lung", told, now=now())

        tally = scans.judge_pending(magma, "dt_lung", clock=now)

        assert (tally.records, tally.pages) == (3, 3)
        assert not Change.objects.filter(pending=True).exists()

    def test_what_changes_while_it_is_judged_is_judged_again(self) -> None:
        changes.tell("dt_lung", {"patient": [PATIENT]}, now=now())
        rows = changes.pending("dt_lung", 10, now=now())
        looked_at = now()
        changes.tell("dt_lung", {"patient": [PATIENT]}, now=now())

        changes.done(rows, looked_at=looked_at)

        assert Change.objects.get().pending

    def test_a_failure_keeps_what_is_pending_and_says_why(self, warehouse: RunningWarehouse) -> None:
        changes.tell("dt_lung", {"patient": [PATIENT]}, now=now())
        stranger = Magma(url=warehouse.url, token="not a token")

        with pytest.raises(MagmaUnauthorized):
            scans.judge_pending(stranger, "dt_lung", clock=now)

        stranger.close()
        assert Change.objects.get().pending
        assert ScanRun.objects.get().error_code == "magma_unauthorized"

    def test_a_failure_while_it_judges_keeps_it_as_well(self, warehouse: RunningWarehouse) -> None:
        hasty = Magma(url=warehouse.url, token=warehouse.mint("VIEWER"), patience=Patience(attempts=1))
        changes.tell("dt_lung", {"patient": [PATIENT]}, now=now())
        with closing(hasty):
            engine = Engine.of(hasty, "dt_lung")
            warehouse.process.terminate()
            warehouse.process.wait()

            with pytest.raises(MagmaUnreachable):
                scans.judge_pending(hasty, "dt_lung", clock=now, engine=engine)

        assert Change.objects.get().pending

    def test_what_is_told_of_while_it_is_judged_is_judged_once_more(self, magma: Magma) -> None:
        changes.tell("dt_lung", {"patient": [PATIENT]}, now=now())
        told: list[ScanRun] = []

        def tell_once(run: ScanRun) -> None:
            if not told:
                told.append(run)
                changes.tell("dt_lung", {"patient": [PATIENT]}, now=now())

        tally = scans.judge_pending(magma, "dt_lung", clock=now, watch=tell_once)

        assert tally.records == 2

    def test_who_finds_another_at_it_leaves_it_to_them(self, magma: Magma) -> None:
        changes.tell("dt_lung", {"patient": [PATIENT]}, now=now())

        with held("judge", "dt_lung"):
            tally = elsewhere(lambda: scans.judge_pending(magma, "dt_lung", clock=now))

        assert tally.records == 0
        assert Change.objects.get().pending

    def test_a_record_taken_from_its_parent_still_leads_to_what_was_drawn_from_it(
        self, magma: Magma, warehouse: RunningWarehouse
    ) -> None:
        upload_normal(warehouse)
        changes.tell("dt_lung", {"exome": [NORMAL_EXOME]}, now=now())
        scans.judge_pending(magma, "dt_lung", clock=now)
        warehouse.load({"exome": {NORMAL_EXOME: {"sample": None}}})
        changes.tell("dt_lung", {"exome": [NORMAL_EXOME]}, now=now())

        scans.judge_pending(magma, "dt_lung", clock=now)

        assert only_suggestion().status == SuggestionStatus.CLOSED


class TestScanChanges:
    def test_the_first_scan_reads_everything_and_sets_a_cursor_for_every_model_read(
        self, magma: Magma, warehouse: RunningWarehouse
    ) -> None:
        upload_normal(warehouse)

        scans.scan_changes(magma, "dt_lung", clock=now)

        cursors = ScanCursor.objects.values_list("model", "disconnected")
        assert set(cursors) == {
            (model, side) for model in ("patient", "sample", "exome") for side in (False, True)
        }
        assert only_suggestion().anchor == PATIENT

    def test_a_change_the_journal_never_told_of_is_found_and_counted(
        self, magma: Magma, warehouse: RunningWarehouse
    ) -> None:
        scans.scan_changes(magma, "dt_lung", clock=now)
        reach_another_second()
        upload_normal(warehouse)

        scans.scan_changes(magma, "dt_lung", clock=now)

        cursor = ScanCursor.objects.get(model="exome", disconnected=False)
        assert only_suggestion().anchor == PATIENT
        assert (cursor.found, cursor.missed) == (1, 1)

    def test_a_second_write_within_the_second_is_judged_too(
        self,
    ) -> None:
        stamp = now()
        changes.find("dt_lung", "patient", {PATIENT: stamp}, disconnected=False, counted=True, now=stamp)
        changes.done(changes.pending("dt_lung", 10, now=stamp), looked_at=stamp)

        within = stamp + timedelta(seconds=1)
        changes.find("dt_lung", "patient", {PATIENT: stamp}, disconnected=False, counted=True, now=within)

        assert Change.objects.get(record=PATIENT).pending

    def test_scanning_again_finds_nothing_new(self, magma: Magma) -> None:
        scans.scan_changes(magma, "dt_lung", clock=now)
        scans.scan_changes(magma, "dt_lung", clock=a_minute_later)

        tally = scans.scan_changes(magma, "dt_lung", clock=a_minute_later)

        assert tally.records == 0
        assert set(ScanCursor.objects.values_list("found", "missed")) == {(0, 0)}

    def test_a_model_that_nobody_reads_any_more_makes_no_scan_late(self, magma: Magma) -> None:
        before = now() - timedelta(days=1)
        ScanCursor.objects.create(
            project="dt_lung", model="document", disconnected=False, since=before, read_at=before
        )

        scans.scan_changes(magma, "dt_lung", clock=now)

        assert not ScanCursor.objects.filter(model="document").exists()
        assert ScanCursor.objects.filter(model="exome").exists()

    def test_a_failure_keeps_the_cursor(self, magma: Magma, warehouse: RunningWarehouse) -> None:
        scans.scan_changes(magma, "dt_lung", clock=now)
        before = list(ScanCursor.objects.order_by("pk").values_list("since", "read_at"))
        warehouse.process.terminate()
        warehouse.process.wait()

        with pytest.raises(MagmaUnreachable):
            scans.scan_changes(magma, "dt_lung", clock=now)

        assert list(ScanCursor.objects.order_by("pk").values_list("since", "read_at")) == before

    def test_a_failure_between_two_pages_keeps_it_too(
        self, magma: Magma, warehouse: RunningWarehouse
    ) -> None:
        scans.scan_changes(magma, "dt_lung", clock=now)
        before = ScanCursor.objects.get(model="exome", disconnected=False).since
        reach_another_second()
        upload_normal(warehouse)

        with pytest.raises(MagmaUnreachable):
            scans.scan_changes(Breaking(magma), "dt_lung", clock=now, model="exome")

        assert ScanCursor.objects.get(model="exome", disconnected=False).since == before

    def test_what_becomes_visible_late_under_an_older_stamp_is_found(
        self, magma: Magma, warehouse: RunningWarehouse
    ) -> None:
        for clock in (now, a_minute_later):
            scans.scan_changes(magma, "dt_lung", clock=clock)
        Change.objects.filter(model="exome").update(stamp=now() - timedelta(hours=1))  # written long before
        upload_normal(warehouse)
        ScanCursor.objects.filter(model="exome").update(since=now() + timedelta(minutes=4))

        scans.scan_changes(magma, "dt_lung", clock=a_minute_later)

        assert only_suggestion().anchor == PATIENT

    def test_what_the_first_look_found_was_not_missed_and_no_late_entry_makes_up_for_it(
        self, magma: Magma
    ) -> None:
        scans.scan_changes(magma, "dt_lung", clock=now)

        changes.tell("dt_lung", {"exome": [NORMAL_EXOME]}, now=now())

        assert set(ScanCursor.objects.values_list("missed", flat=True)) == {0}

    def test_how_far_was_read_is_not_forgotten_while_the_loader_that_reads_it_fails(
        self, magma: Magma
    ) -> None:
        scans.scan_changes(magma, "dt_lung", clock=now)
        before = set(ScanCursor.objects.values_list("pk", flat=True))

        scans.scan_changes(Changed(magma, without("exome", "vcf")), "dt_lung", clock=now)

        assert set(ScanCursor.objects.values_list("pk", flat=True)) == before

    def test_two_do_not_read_the_changes_of_a_model_at_once(self, magma: Magma) -> None:
        scans.scan_changes(magma, "dt_lung", clock=now)
        side = ScanCursor.objects.get(model="exome", disconnected=False)

        with held("changes", "dt_lung", "exome", "False"):
            elsewhere(lambda: scans.scan_changes(magma, "dt_lung", clock=a_minute_later))

        assert ScanCursor.objects.get(pk=side.pk).read_at == side.read_at
        assert ScanCursor.objects.get(model="exome", disconnected=True).read_at > side.read_at

    def test_a_record_that_lost_its_parent_is_found_on_the_other_side(
        self, magma: Magma, warehouse: RunningWarehouse
    ) -> None:
        upload_normal(warehouse)
        scans.scan_changes(magma, "dt_lung", clock=now)
        warehouse.load({"exome": {NORMAL_EXOME: {"sample": None}}})

        scans.scan_changes(magma, "dt_lung", clock=now)

        assert only_suggestion().status == SuggestionStatus.CLOSED


class TestMissed:
    def test_an_entry_that_comes_late_was_not_missed(self, magma: Magma) -> None:
        scans.scan_changes(magma, "dt_lung", clock=now)
        stamp = now() + timedelta(seconds=1)
        changes.find("dt_lung", "exome", {NORMAL_EXOME: stamp}, disconnected=False, counted=True, now=now())
        ScanCursor.objects.filter(model="exome", disconnected=False).update(missed=1)

        changes.tell("dt_lung", {"exome": [NORMAL_EXOME]}, now=now())

        assert ScanCursor.objects.get(model="exome", disconnected=False).missed == 0

    def test_what_the_journal_told_before_the_scan_is_not_missed(self) -> None:
        stamp = now() - timedelta(seconds=10)
        changes.tell("dt_lung", {"exome": [NORMAL_EXOME]}, now=stamp + timedelta(seconds=1))

        found = changes.find(
            "dt_lung", "exome", {NORMAL_EXOME: stamp}, disconnected=False, counted=True, now=now()
        )

        assert (found.changes, found.missed) == (1, 0)


class TestScanAll:
    def test_it_closes_what_no_scan_of_changes_could(self, magma: Magma, warehouse: RunningWarehouse) -> None:
        upload_normal(warehouse)
        scans.scan_all(magma, "dt_lung", clock=now)
        load_vcf(warehouse)

        scans.scan_all(magma, "dt_lung", clock=now)

        assert only_suggestion().because == "The output appeared."

    def test_a_patient_that_is_gone_loses_its_suggestion(
        self, magma: Magma, warehouse: RunningWarehouse
    ) -> None:
        upload_normal(warehouse)
        scans.scan_all(magma, "dt_lung", clock=now)
        warehouse.load({"patient": {PATIENT: {"project": None}}})

        scans.scan_all(magma, "dt_lung", clock=now)

        assert only_suggestion().because.startswith("Magma no longer shows")

    def test_its_account_says_what_it_read(self, magma: Magma) -> None:
        scans.scan_all(magma, "dt_lung", clock=now)

        run = ScanRun.objects.get(kind=ScanKind.FULL)
        assert (run.records, run.expected, run.error) == (30, 30, "")
        assert run.ended_at is not None

    def test_what_was_judged_on_newer_sight_meanwhile_is_judged_again(self, magma: Magma) -> None:
        looked_at = now()
        changes.tell("dt_lung", {"patient": [PATIENT]}, now=now())
        scans.judge_pending(magma, "dt_lung", clock=now)

        reopened = changes.reopen("dt_lung", {"patient": [PATIENT]}, since=looked_at, now=now())

        assert reopened == 1
        assert Change.objects.get().pending

    def test_suggestions_of_a_loader_that_is_gone_are_closed(
        self, magma: Magma, warehouse: RunningWarehouse
    ) -> None:
        upload_normal(warehouse)
        scans.scan_all(magma, "dt_lung", clock=now)
        Suggestion.objects.update(loader="retired_pipe")

        scans.scan_all(magma, "dt_lung", clock=now)

        retired = only_suggestion(loader="retired_pipe")
        assert retired.because.startswith("The loader is no longer installed")
