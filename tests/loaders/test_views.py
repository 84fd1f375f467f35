"""Suggestions over HTTP: who sees which, and what can be done with one."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from dispatch.models import AnalysisRequest
from loaders.models import Suggestion
from loaders.services import suggestions
from loaders.states import SuggestionStatus
from tests.loaders.rows import suggested
from tests.polyphemus_site.janus.tokens import public_key, token

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("janus_key")]
LIST = "/api/v1/suggestions?project=dt_lung"


@pytest.fixture
def janus_key(settings: Settings) -> None:
    settings.POLYPHEMUS_JANUS_PUBLIC_KEY = public_key()
    settings.POLYPHEMUS_JANUS_URL = ""


@pytest.fixture
def plain(now: datetime) -> Suggestion:
    return suggested("DTL001", now)


@pytest.fixture
def secret(now: datetime) -> Suggestion:
    return suggested("DTL004", now, restricted=True)


def caller(perm: str = "e:dt_lung", email: str = "dr.who@ucsf.edu") -> Client:
    return Client(headers={"Authorization": f"Etna {token(perm=perm, email=email)}"})


def post(pk: int, verb: str, body: Any = None, perm: str = "e:dt_lung") -> Any:
    path = f"/api/v1/suggestions/{pk}/{verb}"
    return caller(perm).post(path, json.dumps(body or {}), content_type="application/json")


def anchors(answer: Any) -> list[str]:
    return [one["record"] for one in answer.json()["suggestions"]]


class TestList:
    def test_without_a_token_nothing_is_told(self, plain: Suggestion) -> None:
        assert Client().get(LIST).status_code == HTTPStatus.UNAUTHORIZED

    def test_it_says_what_and_why(self, plain: Suggestion) -> None:
        (one,) = caller("v:dt_lung").get(LIST).json()["suggestions"]

        assert one["record"] == "DTL001"
        assert one["reason"] == "Tumor and normal fastqs are there; no vcf yet."
        assert one["config"] == {"project": "dt_lung", "inputs": ["DTL001.exome"], "params": {}}

    def test_restricted_ones_are_for_upper_case_roles(self, plain: Suggestion, secret: Suggestion) -> None:
        assert anchors(caller("v:dt_lung").get(LIST)) == ["DTL001"]
        assert anchors(caller("V:dt_lung").get(LIST)) == ["DTL001", "DTL004"]
        assert anchors(caller("a:administration").get(LIST)) == ["DTL001"]

    def test_another_project_looks_unknown(self, plain: Suggestion) -> None:
        answer = caller("a:labors").get(LIST)

        assert (answer.status_code, answer.json()["code"]) == (HTTPStatus.NOT_FOUND, "not_found")

    def test_without_a_project_it_lists_the_callers_own(self, plain: Suggestion) -> None:
        assert anchors(caller("v:dt_lung").get("/api/v1/suggestions")) == ["DTL001"]
        assert anchors(caller("v:labors").get("/api/v1/suggestions")) == []

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("&model=exome&record=DTL001.exome", ["DTL001"]),
            ("&model=patient&record=DTL001", ["DTL001"]),
            ("&record=DTL001", ["DTL001"]),
            ("&model=patient&record=DTL002", []),
            ("&model=sample", []),
            ("&loader=exome_pipe", ["DTL001"]),
            ("&status=closed", []),
        ],
    )
    def test_it_can_be_asked_about_a_record(self, plain: Suggestion, query: str, found: list[str]) -> None:
        assert anchors(caller().get(LIST + query)) == found

    @pytest.mark.parametrize(("query", "code"), [("&status=x", "unknown_status"), ("&after=x", "bad_cursor")])
    def test_words_nobody_knows_are_refused(self, query: str, code: str) -> None:
        answer = caller().get(LIST + query)

        assert (answer.status_code, answer.json()["code"]) == (HTTPStatus.BAD_REQUEST, code)

    def test_it_comes_in_pages_without_gaps(self, now: datetime) -> None:
        names = [f"P{number:03}" for number in range(150)]
        [suggested(name, now) for name in names]

        first = caller().get(LIST)
        second = caller().get(first.json()["next"])

        assert anchors(first) + anchors(second) == names
        assert second.json()["next"] is None

    def test_loaders_of_the_same_output_are_alternatives(self, plain: Suggestion, now: datetime) -> None:
        rival = suggested("DTL001", now, loader="other_pipe")

        first, second = caller().get(LIST).json()["suggestions"]

        assert (first["alternatives"], second["alternatives"]) == ([rival.pk], [plain.pk])


class TestAccept:
    def test_the_request_it_becomes_is_the_founding_document(self, plain: Suggestion) -> None:
        answer = post(plain.pk, "accept", {"name": "dt_lung_tumor_pair"})

        request = AnalysisRequest.objects.get()
        assert answer.status_code == HTTPStatus.CREATED
        assert answer.headers["Location"] == "/api/v1/requests/dt_lung_tumor_pair"
        assert answer.json() == {
            "analysis": "exome_pipe",
            "requester": "dr.who@ucsf.edu",
            "name": "dt_lung_tumor_pair",
            "request-date": f"{request.requested_at:%Y-%m-%d@%H:%M}",
            "status": "new",
            "config": {"project": "dt_lung", "inputs": ["DTL001.exome"]},
        }
        assert request.loader == "exome_pipe"
        assert [(s.record, s.fingerprint) for s in request.subjects.all()] == [("DTL001", "print")]

    def test_a_second_acceptance_is_refused_and_says_which_request_there_is(self, plain: Suggestion) -> None:
        name = post(plain.pk, "accept").json()["name"]

        answer = post(plain.pk, "accept")

        assert answer.status_code == HTTPStatus.CONFLICT
        assert answer.json()["request_name"] == name
        assert AnalysisRequest.objects.count() == 1

    def test_a_name_that_is_taken_leaves_the_suggestion_open(self, plain: Suggestion, now: datetime) -> None:
        post(plain.pk, "accept", {"name": "pair"})
        other = suggested("DTL002", now)

        answer = post(other.pk, "accept", {"name": "pair"})

        other.refresh_from_db()
        assert answer.status_code == HTTPStatus.CONFLICT
        assert other.status == SuggestionStatus.OPEN

    @pytest.mark.parametrize("body", [[], "x", {"nam": "x"}, {"inputs": "x"}, {"name": 7}, {"params": []}])
    def test_a_body_that_makes_no_sense_is_refused(self, plain: Suggestion, body: Any) -> None:
        path = f"/api/v1/suggestions/{plain.pk}/accept"
        answer = caller().post(path, json.dumps(body), content_type="application/json")

        assert answer.status_code == HTTPStatus.BAD_REQUEST
        assert not AnalysisRequest.objects.exists()

    def test_viewers_may_look_but_not_accept(self, plain: Suggestion) -> None:
        assert post(plain.pk, "accept", perm="v:dt_lung").status_code == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize("verb", ["accept", "dismiss", "snooze"])
class TestUnseen:
    def test_a_restricted_one_looks_unknown(self, secret: Suggestion, verb: str) -> None:
        assert post(secret.pk, verb).status_code == HTTPStatus.NOT_FOUND

    def test_one_of_another_project_looks_unknown(self, plain: Suggestion, verb: str) -> None:
        assert post(plain.pk, verb, perm="A:labors").status_code == HTTPStatus.NOT_FOUND

    def test_one_that_never_was_looks_the_same(self, verb: str) -> None:
        assert post(999_999_999, verb).status_code == HTTPStatus.NOT_FOUND


class TestDismiss:
    def test_for_me_hides_it_from_me_alone(self, plain: Suggestion) -> None:
        post(plain.pk, "dismiss", {"for": "me"})

        assert anchors(caller().get(LIST)) == []
        assert anchors(caller(email="other@ucsf.edu").get(LIST)) == ["DTL001"]

    def test_for_me_lasts_until_the_inputs_change(self, plain: Suggestion) -> None:
        post(plain.pk, "dismiss", {"for": "me"})

        Suggestion.objects.update(fingerprint="another")

        assert anchors(caller().get(LIST)) == ["DTL001"]

    def test_for_the_project_wants_a_reason(self, plain: Suggestion) -> None:
        answer = post(plain.pk, "dismiss", {"for": "project"})

        assert answer.json()["code"] == "reason_missing"

    def test_for_the_project_ends_it(self, plain: Suggestion) -> None:
        post(plain.pk, "dismiss", {"for": "project", "reason": "A cell line."})

        plain.refresh_from_db()
        assert (plain.status, plain.because) == (SuggestionStatus.DISMISSED, "A cell line.")


class TestRepeats:
    def test_accepted_twice_under_one_key_it_is_one_request_and_one_answer(self, plain: Suggestion) -> None:
        path, key = f"/api/v1/suggestions/{plain.pk}/accept", {"Idempotency-Key": "a-click"}

        answers = [caller().post(path, "{}", content_type="application/json", headers=key) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [HTTPStatus.CREATED] * 2
        assert answers[0].content == answers[1].content
        assert AnalysisRequest.objects.count() == 1

    def test_put_away_twice_under_one_key_it_is_answered_alike(self, plain: Suggestion) -> None:
        path, key = f"/api/v1/suggestions/{plain.pk}/dismiss", {"Idempotency-Key": "a-click"}
        body = {"for": "project", "reason": "A cell line."}

        answers = [caller().post(path, body, content_type="application/json", headers=key) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [HTTPStatus.OK] * 2
        assert answers[0].content == answers[1].content


class TestSnooze:
    def test_until_an_instant(self, plain: Suggestion) -> None:
        post(plain.pk, "snooze", {"until": "2126-01-01T00:00:00Z"})

        plain.refresh_from_db()
        assert plain.status == SuggestionStatus.SNOOZED
        assert anchors(caller().get(LIST)) == []

    def test_it_wakes_exactly_then(self, plain: Suggestion, now: datetime) -> None:
        until = now + timedelta(hours=1)
        suggestions.snooze(plain, person="dr.who@ucsf.edu", until=until, now=now)

        woken = [suggestions.wake(now=until - timedelta(microseconds=1)), suggestions.wake(now=until)]

        assert woken == [0, 1]

    def test_the_past_is_refused(self, plain: Suggestion) -> None:
        answer = post(plain.pk, "snooze", {"until": "2016-01-01T00:00:00Z"})

        assert (answer.status_code, answer.json()["code"]) == (400, "snooze_in_the_past")


class TestPages:
    def signed_in(self, perm: str = "E:dt_lung") -> Client:
        client = Client()
        client.cookies["JANUS_TOKEN"] = token(perm=perm, email="dr.who@ucsf.edu")
        return client

    def test_the_list_has_a_button_for_editors_alone(self, plain: Suggestion) -> None:
        button = b"Request this analysis"

        assert button in self.signed_in().get("/dt_lung/suggestions").content
        assert button not in self.signed_in("V:dt_lung").get("/dt_lung/suggestions").content

    def test_what_comes_from_magma_is_text(self, now: datetime) -> None:
        suggested("<script>alert(1)</script>", now)

        page = self.signed_in().get("/dt_lung/suggestions").content

        assert b"<script>alert(1)</script>" not in page

    def test_a_batch_says_how_many_records_it_is_about(self, plain: Suggestion, now: datetime) -> None:
        suggested("DTL001.T1", now, loader="batches", members={"A": "print", "B": "print", "C": "print"})

        page = self.signed_in().get("/dt_lung/suggestions").content.decode()

        assert (page.count("3 records"), page.count("1 record")) == (1, 0)

    def test_restricted_ones_are_not_on_it(self, secret: Suggestion) -> None:
        assert b"DTL004" not in self.signed_in("v:dt_lung").get("/dt_lung/suggestions").content
        page = self.signed_in("v:dt_lung").get(f"/dt_lung/suggestions/{secret.pk}")
        assert page.status_code == HTTPStatus.NOT_FOUND

    def test_the_button_publishes_the_request(self, plain: Suggestion) -> None:
        answer = self.signed_in().post(f"/dt_lung/suggestions/{plain.pk}/accept", follow=True)

        assert AnalysisRequest.objects.get().name in answer.content.decode()

    def test_without_a_token_of_the_form_nothing_is_published(self, plain: Suggestion) -> None:
        client = Client(enforce_csrf_checks=True)
        client.cookies["JANUS_TOKEN"] = token(perm="E:dt_lung")

        answer = client.post(f"/dt_lung/suggestions/{plain.pk}/accept")

        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert not AnalysisRequest.objects.exists()

    def test_one_can_be_put_away_from_its_page(self, plain: Suggestion) -> None:
        path = f"/dt_lung/suggestions/{plain.pk}"
        self.signed_in().post(f"{path}/snooze", {"until": ""})
        self.signed_in().post(f"{path}/dismiss", {"for": "project", "reason": "A cell line."})

        plain.refresh_from_db()
        assert plain.status == SuggestionStatus.DISMISSED
