"""What a program hears of the end of the key it signs with."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dispatch import documents
from dispatch.models import AnalysisRequest, ApiKey
from dispatch.scopes import EVERYTHING
from dispatch.services import keys
from dispatch.services.keys import NewKey, Terms
from tests.dispatch.calls import KEK, Program, program_of, server_time
from tests.dispatch.conftest import Submit

HEADER = "Polyphemus-Key-Ends"
WEEK = timedelta(days=7)
BID = {"analysis": "exome_pipe", "name": "pair", "time": "3600"}


def replaced(program: Program, keep: timedelta = WEEK) -> NewKey:
    """The key's successor."""
    key = ApiKey.objects.get(pk=program.key_id)
    return keys.rotate(key, keep=keep, kek=KEK, actor="tests", now=server_time())


def end_of(program: Program) -> str | None:
    return documents.exact(ApiKey.objects.get(pk=program.key_id).expires_at)


class TestReplacedKeys:
    @pytest.mark.parametrize("keep", [timedelta(hours=1), WEEK, timedelta(days=90)])
    def test_the_older_of_two_hears_until_when_it_is_believed(
        self, program: Program, keep: timedelta
    ) -> None:
        replaced(program, keep)

        answer = program.get("/api/v1/requests")

        assert (answer.status_code, answer[HEADER]) == (200, end_of(program))

    def test_its_successor_hears_nothing(self, program: Program) -> None:
        made = replaced(program)

        answer = Program(made.key.pk, made.secret).get("/api/v1/requests")

        assert (answer.status_code, answer.get(HEADER)) == (200, None)

    @pytest.mark.parametrize("path", ["/api/v1/requests", "/api/v1/requests/pair", "/api/v1/analyses"])
    def test_every_address_tells(self, submit: Submit, program: Program, path: str) -> None:
        submit(name="pair")
        replaced(program)

        assert program.get(path)[HEADER] == end_of(program)

    def test_a_304_tells(self, program: Program) -> None:
        replaced(program)
        tag = program.get("/api/v1/requests")["ETag"]

        answer = program.get("/api/v1/requests", **{"If-None-Match": tag})

        assert (answer.status_code, answer[HEADER]) == (304, end_of(program))

    def test_who_only_loses_bids_hears_of_it_too(
        self, submit: Submit, program: Program, analyst: str
    ) -> None:
        submit(name="pair")
        program_of("rival@ucsf.edu").post("/api/v1/bids", {**BID, "analyst": "rival@ucsf.edu"})
        replaced(program)

        answer = program.post("/api/v1/bids", {**BID, "analyst": analyst})

        assert (answer.status_code, answer[HEADER]) == (409, end_of(program))

    def test_whoever_only_names_the_key_hears_nothing(self, program: Program) -> None:
        replaced(program)

        answer = Program(program.key_id, "a forger's guess").get("/api/v1/requests")

        assert (answer.status_code, answer.get(HEADER)) == (401, None)

    def test_the_same_call_again_is_answered_by_what_is_true_then(
        self, running: AnalysisRequest, program: Program
    ) -> None:
        body = {"analysis": running.analysis, "name": running.name}
        once = {"Idempotency-Key": "ticket-1"}
        first = program.post("/api/v1/tickets", body, **once)
        replaced(program)

        again = program.post("/api/v1/tickets", body, **once)

        assert (first.get(HEADER), again[HEADER]) == (None, end_of(program))


class TestKeysWithAnEnd:
    @pytest.mark.parametrize(("left", "told"), [(timedelta(days=13), True), (timedelta(days=15), False)])
    def test_one_that_nothing_replaced_hears_of_it_in_its_last_weeks(
        self, janus: None, db: None, analyst: str, left: timedelta, told: bool
    ) -> None:
        now = server_time()
        made = keys.create(
            analyst=analyst,
            scheme="etna-v1",
            scopes=EVERYTHING,
            kek=KEK,
            actor="tests",
            now=now,
            terms=Terms(expires_at=now + left),
        )

        answer = Program(made.key.pk, made.secret).get("/api/v1/requests")

        assert (answer.status_code, HEADER in answer) == (200, told)
