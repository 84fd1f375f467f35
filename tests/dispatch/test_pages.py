"""The pages of requests."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from dispatch.models import AnalysisRequest
from tests.dispatch.conftest import Submit, fresh
from tests.polyphemus_site.janus.tokens import token


def browser(email: str, perm: str = "e:dt_lung") -> Client:
    client = Client(enforce_csrf_checks=True, headers={"Host": "127.0.0.1"})
    client.cookies["JANUS_TOKEN"] = token(email, perm)
    return client


def submit_form(client: Client, page: str, choice: str, **fields: str) -> Any:
    html = client.get(page).content.decode()
    (secret,) = set(re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', html))
    return client.post(f"{page}/{choice}", fields | {"csrfmiddlewaretoken": secret}, follow=True)


@pytest.mark.usefixtures("janus")
class TestRequestPage:
    def test_it_shows_document_due_date_and_history(self, running: AnalysisRequest, outsider: str) -> None:
        html = browser(outsider, "v:dt_lung").get("/dt_lung/requests/running").content.decode()

        assert "&quot;analysis&quot;: &quot;exome_pipe&quot;" in html
        assert '<progress id="due"' in html
        assert "Awarded" in html

    def test_only_who_may_decide_is_offered_choices(
        self, running: AnalysisRequest, outsider: str, requester: str
    ) -> None:
        page = "/dt_lung/requests/running"

        assert b"Cancel this request" not in browser(outsider).get(page).content
        assert b"Cancel this request" in browser(requester).get(page).content

    def test_the_requester_of_a_deferred_request_has_three_choices_and_is_told_what_waiting_means(
        self, deferred: AnalysisRequest, requester: str
    ) -> None:
        html = browser(requester).get("/dt_lung/requests/running").content.decode()

        assert "Until you choose, nothing changes." in html
        assert "Ask the analyst for help" in html
        assert "Cancel this request" in html

    def test_the_requester_cancels(self, running: AnalysisRequest, requester: str) -> None:
        answer = submit_form(browser(requester), "/dt_lung/requests/running", "cancel", note="not needed")

        assert b"Cancelled." in answer.content
        assert fresh(running).outcome == "cancelled"

    def test_the_requester_of_a_deferred_request_asks_for_help(
        self, deferred: AnalysisRequest, requester: str
    ) -> None:
        answer = submit_form(browser(requester), "/dt_lung/requests/running", "help", note="please")

        assert b"was asked for help" in answer.content
        assert fresh(deferred).help_asked_at is not None

    def test_what_polyphemus_noted_is_in_the_readers_language_and_what_people_noted_as_they_did(
        self, deferred: AnalysisRequest, requester: str
    ) -> None:
        note = "The loader's check does not see the output."
        submit_form(browser(requester), "/dt_lung/requests/running", "help", note=note)

        page = browser(requester).get("/dt_lung/requests/running", headers={"Accept-Language": "de"})

        html = page.content.decode()
        assert "<bdi>Die Prüfung des Loaders sieht das Ergebnis nicht.</bdi>" in html
        assert "<bdi>The loader&#x27;s check does not see the output.</bdi>" in html

    def test_the_requester_gives_more_time(self, deferred: AnalysisRequest, requester: str) -> None:
        submit_form(browser(requester), "/dt_lung/requests/running", "extend", minutes="30")

        request = fresh(deferred)
        assert (request.status, request.estimate_seconds) == ("running", 1800)

    def test_a_choice_that_can_not_be_is_refused_in_words(
        self, deferred: AnalysisRequest, requester: str
    ) -> None:
        answer = submit_form(browser(requester), "/dt_lung/requests/running", "extend", minutes="soon")

        assert b"time must be whole seconds" in answer.content
        assert fresh(deferred).status == "deferred"

    def test_a_form_of_another_site_decides_nothing(self, running: AnalysisRequest, requester: str) -> None:
        answer = browser(requester).post("/dt_lung/requests/running/cancel")

        assert (answer.status_code, fresh(running).status) == (403, "running")

    @pytest.mark.parametrize("address", ["/other/requests/running", "/dt_lung/requests/never_was"])
    def test_unknown_and_forbidden_look_the_same(
        self, running: AnalysisRequest, requester: str, address: str
    ) -> None:
        assert browser(requester, "e:dt_lung;e:other").get(address).status_code == 404

    def test_what_a_person_wrote_is_shown_as_text(self, submit: Submit, requester: str) -> None:
        submit(name="loud", inputs=["<script>alert(1)</script>"])

        html = browser(requester).get("/dt_lung/requests/loud").content

        assert b"<script>alert" not in html


@pytest.mark.usefixtures("janus")
class TestRequestList:
    def test_the_newest_come_first_and_older_ones_behind_a_link(self, submit: Submit, requester: str) -> None:
        names = [submit(name=f"request_{number:02}").name for number in range(51)]

        html = browser(requester).get("/dt_lung/requests").content.decode()
        (older,) = re.findall(r'href="(\?status=any&amp;before=[^"]+)"', html)
        rest = browser(requester).get("/dt_lung/requests" + older.replace("&amp;", "&")).content.decode()

        assert re.findall(r">(request_\d\d)<", html) == names[:0:-1]
        assert re.findall(r">(request_\d\d)<", rest) == names[:1]

    def test_by_status(self, running: AnalysisRequest, submit: Submit, requester: str) -> None:
        submit(name="open")

        html = browser(requester).get("/dt_lung/requests?status=running").content

        assert b"/dt_lung/requests/running" in html
        assert b"/dt_lung/requests/open" not in html

    def test_of_a_project_that_is_not_theirs_nobody_sees_anything(self, outsider: str) -> None:
        assert browser(outsider, "e:other").get("/dt_lung/requests").status_code == 404
