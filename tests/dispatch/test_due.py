"""Due dates: the check, a tenth longer, a longer wait, and back to the requester."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections

from dispatch.due import decide
from dispatch.models import AnalysisRequest, RequestEvent
from dispatch.policies import Waits
from dispatch.services import due, requests
from dispatch.services import help as helping
from dispatch.witness import Sight
from polyphemus_site.mail.models import Notice
from tests.dispatch.conftest import HOUR, WAITS, Seer, Submit, bid, fresh, sweep
from tests.dispatch.waiting import wait_until

MOMENT = timedelta(microseconds=1)


class TestSweep:
    def test_nothing_happens_before_the_due_instant(
        self, running: AnalysisRequest, seer: Seer, now: datetime
    ) -> None:
        report = sweep(seer, now=now + HOUR - MOMENT)

        assert (report.looked_at, seer.asked) == (0, [])

    def test_output_seen_at_the_due_instant_archives_as_passed(
        self, running: AnalysisRequest, requester: str, now: datetime
    ) -> None:
        report = sweep(Seer(Sight.SEEN), now=now + HOUR)

        request = fresh(running)
        assert (report.passed, request.status, request.outcome) == (1, "archived", "passed")
        assert (request.verification, request.ended_at) == ("verified", now + HOUR)
        assert request.bids.get().state == "ended"
        assert Notice.objects.get(kind="request_archived").recipient == requester

    def test_output_noticed_early_passes_once_the_patience_for_a_ticket_is_over(
        self, running: AnalysisRequest, now: datetime
    ) -> None:
        requests.note_output_seen([running.pk], now, patience=timedelta(seconds=10))

        report = sweep(Seer(Sight.SEEN), now=now + timedelta(seconds=10))

        assert (report.passed, fresh(running).outcome) == (1, "passed")

    def test_output_noticed_early_and_gone_again_costs_the_analyst_nothing(
        self, running: AnalysisRequest, seer: Seer, now: datetime
    ) -> None:
        requests.note_output_seen([running.pk], now, patience=timedelta(seconds=10))

        report = sweep(seer, now=now + timedelta(seconds=10))

        request = fresh(running)
        assert (report.early, request.status, request.due_stage) == (1, "running", "estimate")
        assert (request.due_at, request.wake_at) == (now + HOUR, now + HOUR)

    def test_output_not_seen_moves_the_due_date_by_a_tenth_of_the_estimate(
        self, running: AnalysisRequest, seer: Seer, now: datetime
    ) -> None:
        report = sweep(seer, now=now + HOUR)

        request = fresh(running)
        assert (report.extended, request.status, request.due_stage) == (1, "running", "extension")
        assert request.due_at == now + HOUR + timedelta(minutes=6)

    def test_a_tenth_of_an_odd_estimate_is_exact(
        self, submit: Submit, analyst: str, seer: Seer, now: datetime
    ) -> None:
        request = submit()
        bid(request, analyst, now=now, seconds=7)

        sweep(seer, now=now + timedelta(seconds=7))

        assert fresh(request).due_at == now + timedelta(seconds=7.7)

    def test_the_due_date_moves_once_and_then_comes_the_longer_wait(
        self, running: AnalysisRequest, seer: Seer, now: datetime
    ) -> None:
        sweep(seer, now=now + HOUR)
        extended = fresh(running).due_at

        report = sweep(seer, now=now + HOUR + timedelta(minutes=6))

        request = fresh(running)
        assert (report.grace, request.status, request.due_stage) == (1, "running", "grace")
        assert (request.due_at, request.wake_at) == (extended, now + timedelta(minutes=66 + 30))

    def test_the_longer_wait_is_at_least_its_minimum(
        self, submit: Submit, analyst: str, seer: Seer, now: datetime
    ) -> None:
        request = submit()
        bid(request, analyst, now=now, seconds=10)

        sweep(seer, now=now + timedelta(seconds=10))
        sweep(seer, now=now + timedelta(seconds=11))

        assert fresh(request).wake_at == now + timedelta(seconds=11, minutes=15)

    def test_after_the_longer_wait_it_is_the_requesters_to_decide(
        self, deferred: AnalysisRequest, requester: str
    ) -> None:
        notice = Notice.objects.get()
        kinds = [event.kind for event in requests.history(deferred)]

        assert (deferred.status, deferred.wake_at) == ("deferred", None)
        assert (notice.kind, notice.recipient) == ("request_deferred", requester)
        assert kinds == ["submitted", "awarded", "extended", "grace", "deferred"]

    def test_silence_changes_nothing_more(self, deferred: AnalysisRequest, seer: Seer, now: datetime) -> None:
        report = sweep(seer, now=now + timedelta(days=365))

        assert (report.looked_at, fresh(deferred).status) == (0, "deferred")

    def test_a_request_without_a_check_is_deferred_alike(
        self, running: AnalysisRequest, now: datetime
    ) -> None:
        seer = Seer(Sight.NO_CHECK)

        sweep(seer, now=now + HOUR)
        sweep(seer, now=now + HOUR + timedelta(minutes=6))
        sweep(seer, now=now + HOUR + timedelta(minutes=36))

        assert fresh(running).status == "deferred"

    def test_a_warehouse_that_is_away_is_never_held_against_the_analyst(
        self, running: AnalysisRequest, now: datetime
    ) -> None:
        seer = Seer(Sight.UNKNOWN)
        instants = [now + HOUR + timedelta(minutes=minute) for minute in range(0, 300, 10)]

        reports = [sweep(seer, now=at) for at in instants]

        request = fresh(running)
        assert sum(report.unknown for report in reports) == 30
        assert (request.status, request.due_stage, request.due_at) == ("running", "estimate", now + HOUR)
        assert RequestEvent.objects.filter(request=request).count() == 2

    def test_looks_at_a_warehouse_that_is_away_come_further_apart(
        self, running: AnalysisRequest, now: datetime
    ) -> None:
        seer = Seer(Sight.UNKNOWN)

        instants = list(accumulate(range(8), lambda at, _: _next_look(running, seer, at), initial=now + HOUR))

        waits = [(later - at).total_seconds() for at, later in pairwise(instants)]
        assert waits == [5, 10, 20, 40, 80, 160, 300, 300]

    def test_the_wait_that_nobody_watched_is_given_again(
        self, running: AnalysisRequest, seer: Seer, now: datetime
    ) -> None:
        week = now + timedelta(days=7)

        sweep(seer, now=week)

        assert fresh(running).due_at == week + timedelta(minutes=6)

    def test_after_a_week_of_downtime_each_is_extended_once_and_nobody_is_mailed(
        self, submit: Submit, seer: Seer, analyst: str, now: datetime
    ) -> None:
        made = [submit(name=f"request_{hour}") for hour in range(0, 168, 4)]
        for hours, request in enumerate(made):
            bid(request, analyst, now=now, seconds=3600 * (1 + 4 * hours))
        back = now + timedelta(days=7, hours=1)

        first, second = sweep(seer, now=back), sweep(seer, now=back + timedelta(seconds=2))

        waits = AnalysisRequest.objects.values_list("wake_at", flat=True)
        assert (first.extended, first.deferred, second.looked_at) == (len(made), 0, 0)
        assert min(at for at in waits if at) >= back + timedelta(minutes=6)
        assert not Notice.objects.exists()

    def test_a_witness_that_breaks_on_one_request_does_not_stop_the_others(self, submit: Submit) -> None:
        made = [submit(name=f"request_{number}") for number in range(5)]

        sights = due.look(made, witness=_breaking)

        assert sights[made[3].pk] is Sight.UNKNOWN
        assert [sights[made[number].pk] for number in (0, 1, 2, 4)] == [Sight.SEEN] * 4

    def test_a_request_that_moved_since_it_was_read_is_left_alone(
        self, running: AnalysisRequest, requester: str, now: datetime
    ) -> None:
        def cancels_meanwhile(rows: Sequence[AnalysisRequest]) -> dict[int, Sight]:
            requests.cancel(fresh(running), actor=requester, now=now)
            return {row.pk: Sight.SEEN for row in rows}

        report = due.sweep(witness=cancels_meanwhile, waits=WAITS, now=now + HOUR)

        assert (report.passed, fresh(running).outcome) == (0, "cancelled")

    def test_help_that_is_not_answered_offers_the_work_to_others(
        self, deferred: AnalysisRequest, requester: str, seer: Seer, now: datetime
    ) -> None:
        waits = Waits(help_wait=timedelta(hours=2))
        helping.ask(deferred, actor=requester, waits=waits, now=now)

        early = sweep(seer, now=now + timedelta(hours=2) - MOMENT)
        late = sweep(seer, now=now + timedelta(hours=2))

        request = fresh(deferred)
        assert (early.lapsed, late.lapsed, request.status, request.analyst) == (0, 1, "new", "")
        assert request.bids.get().state == "lapsed"
        assert Notice.objects.filter(kind="request_lapsed", recipient=requester).exists()

    @pytest.mark.django_db(transaction=True)
    def test_two_sweeps_at_once_extend_once(self, submit: Submit, analyst: str, now: datetime) -> None:
        made = [submit(name=f"request_{number}") for number in range(20)]
        awards = [bid(request, analyst, now=now) for request in made]
        changes = [
            [decide(fresh(request), Sight.NOT_SEEN, waits=WAITS, now=now + HOUR) for request in made]
            for _ in range(4)
        ]
        start = Barrier(4)

        def apply(number: int) -> int:
            with closing(connections["default"]):
                start.wait()
                return len(due.apply(changes[number], now=now + HOUR))

        with ThreadPoolExecutor(4) as pool:
            applied = list(pool.map(apply, range(4)))

        assert (sum(applied), len(awards)) == (20, 20)
        assert RequestEvent.objects.filter(kind="extended").count() == 20


@pytest.mark.django_db(transaction=True)
class TestTurn:
    """One sweep at a time asks the warehouse."""

    @pytest.fixture
    def elsewhere(self, db: None) -> Iterator[Any]:
        """Another connection, in the middle of its sweep."""
        held = connection.copy()
        with closing(held), held.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [due.TURN])
            yield held

    def test_a_second_sweep_leaves_the_warehouse_alone(
        self, running: AnalysisRequest, seer: Seer, now: datetime, elsewhere: Any
    ) -> None:
        report = sweep(seer, now=now + HOUR)

        assert (report.busy, report.looked_at, seer.asked) == (True, 0, [])
        assert fresh(running).due_stage == "estimate"

    def test_a_patient_one_waits_for_the_first(
        self, running: AnalysisRequest, seer: Seer, now: datetime, elsewhere: Any
    ) -> None:
        def sweep_patiently() -> due.Report:
            with closing(connections["default"]):
                return due.sweep(witness=seer, waits=WAITS, now=now + HOUR, patient=True)

        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(sweep_patiently)
            wait_until(_somebody_waits_for_the_turn)
            before = list(seer.asked)
            elsewhere.close()

            assert (before, waiting.result().extended) == ([], 1)


def _somebody_waits_for_the_turn() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)")
        return bool(cursor.fetchone()[0])


def _breaking(rows: Sequence[AnalysisRequest]) -> dict[int, Sight]:
    """Raises when it is asked for `request_3`, alone or among others."""
    return {row.pk: {row.name: Sight.SEEN}[row.name.replace("3", "three")] for row in rows}


def _next_look(request: AnalysisRequest, seer: Seer, at: datetime) -> datetime:
    sweep(seer, now=at)
    return fresh(request).wake_at or at
