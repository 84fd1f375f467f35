"""POSTs sent again under an Idempotency-Key."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.test import Client
from django.urls import get_resolver

from dispatch.models import AnalysisRequest, ApiKey, Bid, RequestEvent
from dispatch.services import keys
from polyphemus_site.api import repeats
from polyphemus_site.api.models import IdempotentAnswer
from polyphemus_site.api.repeatable import RepeatableView
from tests.dispatch.calls import KEK, Program, Visitor, server_time
from tests.dispatch.conftest import Submit
from tests.polyphemus_site.api.test_signed_routes import api_routes

KEY = {"Idempotency-Key": "7f3c-1"}
#: To judge params changes nothing; siblings write to the journal in Etna's way.
OTHER = ("judge", "/api/log/")
POSTS = [
    route.path
    for route in api_routes()
    if "POST" in route.methods and not any(word in route.path for word in OTHER)
]
BODY = {"analysis": "exome_pipe", "config": {"project": "dt_lung", "inputs": []}}


class TestRepeats:
    def test_a_request_published_twice_under_one_key_is_one_request(self, doctor: Visitor) -> None:
        answers = [doctor.post("/api/v1/requests", BODY, **KEY) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()
        assert answers[0]["Location"] == answers[1]["Location"]
        assert ("Idempotency-Replayed" in answers[0], answers[1]["Idempotency-Replayed"]) == (False, "true")
        assert AnalysisRequest.objects.count() == 1

    def test_an_extension_asked_for_twice_under_one_key_is_given_once(
        self, submit: Submit, program: Program, analyst: str
    ) -> None:
        submit(name="wanted")
        program.post(
            "/api/v1/bids", {"analysis": "exome_pipe", "analyst": analyst, "name": "wanted", "time": "3600"}
        )
        body = {"analysis": "exome_pipe", "name": "wanted", "time": "600"}

        answers = [program.post("/api/v1/extensions", body, **KEY) for _ in range(2)]

        assert answers[0].json() == answers[1].json()
        assert RequestEvent.objects.filter(kind="extended").count() == 1

    def test_a_bid_whose_answer_was_lost_is_answered_the_same_under_the_next_key(
        self, submit: Submit, program: Program, analyst: str
    ) -> None:
        submit(name="wanted")
        body = {"analysis": "exome_pipe", "analyst": analyst, "name": "wanted", "time": "3600"}
        first = program.post("/api/v1/bids", body, **KEY)
        now = server_time()
        old = ApiKey.objects.get(pk=program.key_id)
        made = keys.rotate(old, keep=timedelta(days=7), kek=KEK, actor="tests", now=now)

        again = Program(made.key.pk, made.secret).post("/api/v1/bids", body, **KEY)

        assert (again.status_code, again["Polyphemus-Award"]) == (200, first["Polyphemus-Award"])
        assert "Polyphemus-Award-Repeated" not in again

    @pytest.mark.django_db(transaction=True)
    def test_of_many_at_once_under_one_key_one_acts_and_all_are_answered_alike(self, doctor: Visitor) -> None:
        together = Barrier(6)

        def publish(_: int) -> tuple[int, str]:
            with closing(connection):
                connection.ensure_connection()
                together.wait()
                answer = replace(doctor, client=Client()).post("/api/v1/requests", BODY, **KEY)
                return answer.status_code, answer.json()["name"]

        with ThreadPoolExecutor(6) as pool:
            answers = set(pool.map(publish, range(6)))

        assert answers == {(201, AnalysisRequest.objects.get().name)}

    @pytest.mark.parametrize("path", POSTS)
    def test_every_address_that_changes_something_knows_it(self, path: str) -> None:
        view = get_resolver().resolve(path).func.cls  # type: ignore[attr-defined]  # the class behind a view of DRF's

        assert issubclass(view, RepeatableView)

    def test_the_key_of_another_call_is_refused(self, doctor: Visitor) -> None:
        doctor.post("/api/v1/requests", BODY, **KEY)

        refused = doctor.post("/api/v1/requests", BODY | {"name": "other"}, **KEY)

        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")

    def test_a_refusal_is_not_kept(self, doctor: Visitor, submit: Submit) -> None:
        refused = doctor.post("/api/v1/requests/later/cancel", **KEY)
        submit(name="later")

        again = doctor.post("/api/v1/requests/later/cancel", **KEY)

        assert (refused.status_code, again.status_code) == (404, 200)

    def test_what_is_written_down_of_a_refusal_stays(
        self, running: AnalysisRequest, rivals_program: Program, rival: str
    ) -> None:
        bid = {"analysis": running.analysis, "analyst": rival, "name": running.name, "time": "60"}

        refused = rivals_program.post("/api/v1/bids", bid, **KEY)

        assert (refused.status_code, refused.json()["code"]) == (409, "already_awarded")
        assert Bid.objects.get(analyst=rival).code == "already_awarded"
        assert not IdempotentAnswer.objects.exists()

    @pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é"])
    def test_a_key_that_is_none_is_refused(self, doctor: Visitor, key: str) -> None:
        refused = doctor.post("/api/v1/requests", BODY, **{"Idempotency-Key": key})

        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_idempotency_key")
        assert not AnalysisRequest.objects.exists()

    def test_answers_are_forgotten_after_a_week(self, doctor: Visitor) -> None:
        doctor.post("/api/v1/requests", BODY, **KEY)
        now = server_time()

        counts = [repeats.forget(now=now + timedelta(days=days)) for days in (6, 8)]

        assert counts == [0, 1]
        assert not IdempotentAnswer.objects.exists()
