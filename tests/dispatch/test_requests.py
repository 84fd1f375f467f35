"""Publishing, cancelling, and evidence that nobody sent a ticket for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections

from dispatch.errors import NameTakenError, NoRoomError
from dispatch.models import AnalysisRequest, RequestEvent
from dispatch.services import requests
from dispatch.signals import request_cancelled, request_submitted
from dispatch.states import RequestStatus
from polyphemus_site.errors import InvalidInputError, MoveRefusedError
from polyphemus_site.projects import decisions
from polyphemus_site.projects.decisions import Decided
from tests.conftest import KEPT
from tests.dispatch.conftest import Submit


class TestRoom:
    def test_beyond_what_a_projects_admins_allow_nothing_is_published(
        self, submit: Submit, now: datetime, curator: str
    ) -> None:
        decisions.change("dt_lung", Decided(most_open_requests=2), actor=curator, now=now)
        first = submit(name="a")
        submit(name="b")

        with pytest.raises(NoRoomError) as refused:
            submit(name="c")
        requests.cancel(first, actor=curator, now=now)

        assert (refused.value.code, refused.value.members) == ("no_room", {"limit": 2})
        assert submit(name="d").name == "d"

    def test_other_projects_keep_their_room(self, submit: Submit, now: datetime, curator: str) -> None:
        decisions.change("labors", Decided(most_open_requests=1), actor=curator, now=now)

        assert [submit(name=name).name for name in ("a", "b")] == ["a", "b"]

    @pytest.mark.django_db(transaction=True)
    def test_of_many_at_once_no_two_share_a_place(self, submit: Submit, now: datetime, curator: str) -> None:
        decisions.change("dt_lung", Decided(most_open_requests=3), actor=curator, now=now)
        together = Barrier(8)

        def publish(name: str | None) -> str:
            with closing(connection):
                connection.ensure_connection()
                together.wait()
                try:
                    return submit(name=name).status
                except NoRoomError as refused:
                    return refused.code

        with ThreadPoolExecutor(8) as pool:
            outcomes = list(pool.map(publish, ["a", "b", "c", "d", None, None, None, None]))

        assert sorted(outcomes) == ["new"] * 3 + ["no_room"] * 5
        assert AnalysisRequest.objects.count() == 3


class TestSubmit:
    def test_a_request_is_open_for_bids_and_its_history_begins(self, submit: Submit, requester: str) -> None:
        request = submit(name="dt_lung_tumor_pair")

        (event,) = requests.history(request)
        assert AnalysisRequest.objects.open_for_bids().get() == request
        assert (event.kind, event.source, event.target, event.actor) == ("submitted", "", "new", requester)

    def test_config_keeps_the_order_of_its_keys(self, submit: Submit) -> None:
        params = {"zeta": 1, "alpha": {"later": True, "a": None}}

        request = submit(params=params)

        request.refresh_from_db()
        assert list(request.config) == ["project", "inputs", "params"]
        assert list(request.config["params"]) == ["zeta", "alpha"]
        assert list(request.config["params"]["alpha"]) == ["later", "a"]

    def test_a_name_is_proposed_from_project_record_and_analysis(self, submit: Submit) -> None:
        subjects = [("patient", "DTL001", "f1")]

        names = [submit(subjects=subjects).name for _ in range(3)]

        assert names == [
            "dt_lung_DTL001_exome_pipe",
            "dt_lung_DTL001_exome_pipe-2",
            "dt_lung_DTL001_exome_pipe-3",
        ]

    def test_a_record_with_strange_letters_gives_a_name_that_is_safe_in_addresses(
        self, submit: Submit
    ) -> None:
        request = submit(subjects=[("patient", "DTL 001/Ω", "")])

        assert request.name == "dt_lung_DTL_001__exome_pipe"

    def test_a_long_record_leaves_room_for_a_number(self, submit: Submit) -> None:
        subjects = [("patient", "X" * 400, "")]

        names = [submit(subjects=subjects).name for _ in range(2)]

        assert names[1] == f"{names[0]}-2"
        assert len(names[1]) <= 100

    @pytest.mark.parametrize("again", ["tumor_pair", "Tumor_Pair", "TUMOR_PAIR"])
    def test_a_name_is_never_used_again_in_whatever_letter_case(
        self, submit: Submit, now: datetime, requester: str, again: str
    ) -> None:
        requests.cancel(submit(name="tumor_pair"), actor=requester, now=now)

        with pytest.raises(NameTakenError) as refused:
            submit(name=again)

        assert refused.value.code == "name_taken"
        assert AnalysisRequest.objects.count() == 1

    @pytest.mark.parametrize(
        "name",
        ["", ".", "..", "a/b", "a b", "a%2Fb", "é", "a" * 101, "a\n", "\u0430bc", 7, ["a"], {"a": 1}, True],
    )
    def test_a_name_that_is_not_safe_in_addresses_is_refused(self, submit: Submit, name: Any) -> None:
        with pytest.raises(InvalidInputError) as refused:
            submit(name=name)

        assert refused.value.code == "invalid_name"
        assert not AnalysisRequest.objects.exists()

    @pytest.mark.parametrize("project", ["", "Dt_lung", "pg_lung", "dt-lung", "dt_lung\n", "é", None, 3])
    def test_a_project_that_can_not_be_is_refused(self, submit: Submit, project: Any) -> None:
        with pytest.raises(InvalidInputError) as refused:
            submit(project=project)

        assert refused.value.code == "invalid_project"

    @pytest.mark.parametrize(
        "inputs",
        [
            None,
            "tumor.exome",
            [""],
            [None],
            [7],
            ["a\u0000"],
            ["a\u202eb"],
            ["\ud800"],
            ["x" * 501],
            {"a": 1},
        ],
    )
    def test_inputs_other_than_plain_names_are_refused(self, submit: Submit, inputs: Any) -> None:
        with pytest.raises(InvalidInputError) as refused:
            submit(inputs=inputs)

        assert refused.value.code == "invalid_inputs"
        assert not AnalysisRequest.objects.exists()

    def test_a_record_named_twice_is_one_subject(self, submit: Submit) -> None:
        request = submit(subjects=[("patient", "DTL001", "f"), ("patient", "DTL001", "f")])

        assert [str(subject) for subject in request.subjects.all()] == ["patient DTL001"]

    def test_others_are_told_after_commit_only(
        self, submit: Submit, django_capture_on_commit_callbacks: Any
    ) -> None:
        told: list[AnalysisRequest] = []

        def listen(analysis_request: AnalysisRequest, **_: object) -> None:
            told.append(analysis_request)

        request_submitted.connect(listen)
        with django_capture_on_commit_callbacks(execute=True):
            request = submit()
            before_commit = list(told)
        request_submitted.disconnect(listen)

        assert (before_commit, told) == ([], [request])

    @pytest.mark.django_db(transaction=True)
    def test_rivals_for_one_proposed_name_all_get_a_name(self, submit: Submit) -> None:
        start = Barrier(6)
        names: list[str] = []

        def publish() -> None:
            with closing(connections["default"]):
                start.wait()
                names.append(submit(subjects=[("patient", "DTL001", "")]).name)

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda _: publish(), range(6)))

        assert len(set(names)) == 6


class TestCancel:
    def test_a_cancelled_request_is_archived_with_its_end(
        self, submit: Submit, requester: str, now: datetime
    ) -> None:
        request = submit()

        requests.cancel(request, actor=requester, note="not needed", now=now)

        request.refresh_from_db()
        assert (request.status, request.outcome, request.ended_at) == ("archived", "cancelled", now)
        assert requests.history(request)[-1].note == "not needed"

    def test_what_is_archived_stays_archived(self, submit: Submit, requester: str, now: datetime) -> None:
        request = requests.cancel(submit(), actor=requester, now=now)

        with pytest.raises(MoveRefusedError) as refused:
            requests.cancel(request, actor=requester, now=now + timedelta(1))

        assert refused.value.code == "archived"
        assert RequestEvent.objects.filter(kind="cancelled").count() == 1

    def test_others_are_told(
        self, submit: Submit, requester: str, now: datetime, django_capture_on_commit_callbacks: Any
    ) -> None:
        told: list[str] = []

        def listen(analysis_request: AnalysisRequest, **_: object) -> None:
            told.append(analysis_request.status)

        request_cancelled.connect(listen)
        with django_capture_on_commit_callbacks(execute=True):
            requests.cancel(submit(), actor=requester, now=now)
        request_cancelled.disconnect(listen)

        assert told == [RequestStatus.ARCHIVED]


class TestNoteOutputSeen:
    def test_what_is_open_is_archived_as_passed(self, submit: Submit, now: datetime) -> None:
        request = submit()

        changed = requests.note_output_seen([request.pk], now)

        request.refresh_from_db()
        assert changed == [request]
        assert (request.outcome, request.verification, request.ended_at) == ("passed", "verified", now)

    def test_what_an_analyst_holds_in_time_waits_for_its_ticket(
        self, running: AnalysisRequest, now: datetime
    ) -> None:
        changed = requests.note_output_seen([running.pk], now, patience=timedelta(seconds=10))

        running.refresh_from_db()
        assert changed == []
        assert (running.status, running.wake_at) == ("running", now + timedelta(seconds=10))

    def test_what_is_past_its_due_date_waits_no_more(self, running: AnalysisRequest, now: datetime) -> None:
        late = now + timedelta(seconds=running.estimate_seconds or 0)

        changed = requests.note_output_seen([running.pk], late, patience=timedelta(seconds=10))

        running.refresh_from_db()
        assert changed == [running]
        assert (running.status, running.outcome) == ("archived", "passed")

    def test_what_a_person_cancelled_stays_cancelled(
        self, submit: Submit, requester: str, now: datetime
    ) -> None:
        request = requests.cancel(submit(), actor=requester, now=now)

        changed = requests.note_output_seen([request.pk], now)

        request.refresh_from_db()
        assert (changed, request.outcome) == ([], "cancelled")


class TestHistory:
    def test_the_database_refuses_to_change_or_delete_a_line(self, submit: Submit) -> None:
        (event,) = requests.history(submit())

        with pytest.raises(Exception, match="only added to"), connection.cursor() as cursor:
            cursor.execute("UPDATE dispatch_requestevent SET actor = 'x' WHERE id = %s", [event.pk])

    def test_the_database_refuses_to_delete_a_line(self, submit: Submit) -> None:
        (event,) = requests.history(submit())

        with pytest.raises(Exception, match="only added to"), connection.cursor() as cursor:
            cursor.execute("DELETE FROM dispatch_requestevent WHERE id = %s", [event.pk])

    def test_the_database_refuses_to_delete_a_bid(self, running: AnalysisRequest) -> None:
        with pytest.raises(DatabaseError, match="only added to"), connection.cursor() as cursor:
            cursor.execute("DELETE FROM dispatch_bid WHERE request_id = %s", [running.pk])

    @pytest.mark.parametrize(
        "emptied",
        [*KEPT, "dispatch_analysisrequest", "configuring_configuration", "dispatch_apikey, dispatch_bid"],
    )
    def test_the_database_refuses_to_empty_what_is_kept(self, running: AnalysisRequest, emptied: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for table, trigger in KEPT.items():
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {trigger}")
            with pytest.raises(DatabaseError, match="Nobody empties"):
                cursor.execute(f"TRUNCATE {emptied} CASCADE")
