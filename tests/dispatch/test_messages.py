"""The thread of messages between a request's people and its analyst."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from dispatch.models import AnalysisRequest
from dispatch.scopes import EVERYTHING
from dispatch.services import extensions, messages
from dispatch.services.messages import ANALYST, PEOPLE
from polyphemus_site.errors import MoveRefusedError
from polyphemus_site.mail import messages as letters
from polyphemus_site.mail.models import Notice
from tests.dispatch.calls import Program, Visitor, visitor
from tests.dispatch.conftest import Submit, bid, claim_on
from tests.dispatch.test_pages import browser, submit_form

pytestmark = pytest.mark.usefixtures("janus")
THREAD = "/api/v1/requests/running/messages"
V2 = "application/vnd.polyphemus.v2+json"


def said(answer: Any) -> list[tuple[str, str, str]]:
    return [(one["from"], one["side"], one["text"]) for one in answer.json()["messages"]]


class TestThread:
    def test_both_sides_write_and_read_it(
        self, running: AnalysisRequest, program: Program, doctor: Visitor, analyst: str, requester: str
    ) -> None:
        asked = doctor.post(THREAD, {"text": "Which reference?"})
        answered = program.post(THREAD, {"text": "hg38,\nwith decoys."})

        thread = [(requester, "people", "Which reference?"), (analyst, "analyst", "hg38,\nwith decoys.")]
        assert (asked.status_code, answered.status_code) == (201, 201)
        assert said(answered) == said(program.get(THREAD)) == said(doctor.get(THREAD)) == thread

    def test_a_reader_who_knows_it_all_gets_a_304(
        self, running: AnalysisRequest, program: Program, doctor: Visitor
    ) -> None:
        tag = program.get(THREAD)["ETag"]

        assert program.get(THREAD, **{"If-None-Match": tag}).status_code == 304
        doctor.post(THREAD, {"text": "news"})
        assert program.get(THREAD, **{"If-None-Match": tag}).status_code == 200

    def test_another_analyst_in_scope_neither_reads_nor_writes(
        self, running: AnalysisRequest, doctor: Visitor, rivals_program: Program
    ) -> None:
        doctor.post(THREAD, {"text": "between us"})

        history = rivals_program.get("/api/v1/requests/running", Accept=V2).json()["history"]
        assert rivals_program.get(THREAD).status_code == 404
        assert rivals_program.post(THREAD, {"text": "me too"}).json()["code"] == "not_awarded"
        assert "message" not in [event["kind"] for event in history]

    def test_a_former_holder_reads_and_writes_no_more(
        self,
        running: AnalysisRequest,
        program: Program,
        doctor: Visitor,
        analyst: str,
        rival: str,
        now: datetime,
    ) -> None:
        doctor.post(THREAD, {"text": "to the first"})
        extensions.release(claim_on(running, analyst), reason="x", scopes=EVERYTHING, now=now)
        bid(running, rival, now=now)

        assert len(said(program.get(THREAD))) == 1
        assert program.post(THREAD, {"text": "still here"}).json()["code"] == "not_awarded"

    def test_viewers_read_and_only_who_decides_writes(self, running: AnalysisRequest, outsider: str) -> None:
        viewer = visitor(outsider, "v:dt_lung")

        assert viewer.get(THREAD).status_code == 200
        assert viewer.post(THREAD, {"text": "hello"}).status_code == 403

    def test_an_open_request_has_nobody_to_tell(self, submit: Submit, doctor: Visitor) -> None:
        submit(name="open")

        refused = doctor.post("/api/v1/requests/open/messages", {"text": "anybody?"})

        assert (refused.status_code, refused.json()["code"]) == (409, "nobody_to_tell")

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({}, "missing_field"),
            ({"text": ""}, "invalid_text"),
            ({"text": " \n"}, "invalid_text"),
            ({"text": None}, "invalid_text"),
            ({"text": "x" * 5001}, "invalid_text"),
            ({"text": "\u202ereversed"}, "invalid_text"),
            ({"text": "nul\u0000"}, "bad_text"),
            ({"text": "bell\u0007"}, "invalid_text"),
            ({"text": "fine", "to": "everybody"}, "unknown_field"),
        ],
    )
    def test_what_is_no_message_is_refused_and_not_kept(
        self, running: AnalysisRequest, doctor: Visitor, body: dict[str, Any], code: str
    ) -> None:
        refused = doctor.post(THREAD, body)

        assert (refused.status_code, refused.json()["code"]) == (400, code)
        assert not messages.thread(running).exists()

    def test_the_same_call_again_is_one_message(self, running: AnalysisRequest, program: Program) -> None:
        for _ in range(2):
            program.post(THREAD, {"text": "once"}, **{"Idempotency-Key": "one"})

        assert messages.thread(running).count() == 1

    def test_a_program_that_never_stops_is_stopped(
        self, running: AnalysisRequest, analyst: str, now: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(messages, "MOST", 1)
        messages.say(running, "one", actor=analyst, side=ANALYST, now=now)

        with pytest.raises(MoveRefusedError) as refused:
            messages.say(running, "two", actor=analyst, side=ANALYST, now=now)

        assert refused.value.code == "thread_is_full"


class TestMail:
    def test_each_side_hears_of_the_others_words(
        self, running: AnalysisRequest, analyst: str, requester: str, now: datetime
    ) -> None:
        messages.say(running, "Which reference?", actor=requester, side=PEOPLE, now=now)
        messages.say(running, "hg38", actor=analyst, side=ANALYST, now=now)

        told = Notice.objects.filter(kind="request_message").order_by("pk")
        assert [(one.recipient, one.context["note"]) for one in told] == [
            (analyst, "Which reference?"),
            (requester, "hg38"),
        ]
        assert "Which reference?" in letters.compose(told[0]).body

    def test_a_talkative_program_does_not_use_up_the_mails_of_a_day(
        self, running: AnalysisRequest, analyst: str, now: datetime
    ) -> None:
        for number in range(12):
            messages.say(running, f"{number}", actor=analyst, side=ANALYST, now=now)
        messages.say(running, "next day", actor=analyst, side=ANALYST, now=now + timedelta(days=1))

        told = Notice.objects.filter(kind="request_message").order_by("pk")
        assert [one.context["note"] for one in told] == [*(str(number) for number in range(10)), "next day"]
        assert messages.thread(running).count() == 13

    def test_what_an_admin_writes_reaches_requester_and_analyst(
        self, running: AnalysisRequest, analyst: str, requester: str, curator: str, now: datetime
    ) -> None:
        messages.say(running, "The cluster is down.", actor=curator, side=PEOPLE, now=now)

        recipients = Notice.objects.filter(kind="request_message").values_list("recipient", flat=True)
        assert set(recipients) == {analyst, requester}


class TestPage:
    def test_the_requester_writes_on_the_page_and_sees_it(
        self, running: AnalysisRequest, requester: str
    ) -> None:
        page = "/dt_lung/requests/running"

        answer = submit_form(browser(requester), page, "message", text="Which <reference>?\r\nhg19?")

        assert "Which &lt;reference&gt;?<br>hg19?" in answer.content.decode()
        assert messages.thread(running).get().note == "Which <reference>?\nhg19?"

    def test_an_onlooker_is_offered_no_form(self, running: AnalysisRequest, outsider: str) -> None:
        html = browser(outsider, "v:dt_lung").get("/dt_lung/requests/running").content

        assert b"/message" not in html
