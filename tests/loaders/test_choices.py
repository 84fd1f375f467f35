"""Of several ways to the same output the one a person chose last is preselected."""

from __future__ import annotations

import re
from datetime import datetime
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from dispatch.models import AnalysisRequest
from loaders.models import Suggestion
from loaders.services import suggestions
from tests.loaders.rows import suggested
from tests.loaders.test_views import LIST, caller
from tests.polyphemus_site.janus.tokens import public_key, token

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("janus_key")]


@pytest.fixture
def janus_key(settings: Settings) -> None:
    settings.POLYPHEMUS_JANUS_PUBLIC_KEY = public_key()
    settings.POLYPHEMUS_JANUS_URL = ""


@pytest.fixture
def plain(now: datetime) -> Suggestion:
    return suggested("DTL001", now)


def accepted_by(person: str, loader: str, now: datetime, **changes: Any) -> None:
    """A choice somebody made before, about another patient."""
    suggestions.accept(suggested(f"DTL9 {person}", now, loader=loader, **changes), person=person, now=now)


def visitor() -> Client:
    client = Client()
    client.cookies["JANUS_TOKEN"] = token("dr.who@ucsf.edu", "e:dt_lung")
    return client


class TestTheList:
    def test_of_alternatives_the_one_is_preselected_that_the_person_chose_last(
        self, plain: Suggestion, now: datetime
    ) -> None:
        accepted_by("dr.who@ucsf.edu", "other_pipe", now)
        accepted_by("somebody.else@ucsf.edu", "exome_pipe", now)
        suggested("DTL001", now, loader="other_pipe")

        listed = caller().get(LIST).json()["suggestions"]

        assert [(one["loader"], one["preselected"]) for one in listed] == [
            ("exome_pipe", False),
            ("other_pipe", True),
        ]

    def test_before_any_choice_and_without_alternatives_the_first_is(
        self, plain: Suggestion, now: datetime
    ) -> None:
        accepted_by("dr.who@ucsf.edu", "a_third_pipe", now)
        suggested("DTL001", now, loader="other_pipe")
        suggested("DTL002", now, loader="other_pipe")

        listed = caller().get(LIST).json()["suggestions"]

        assert [one["preselected"] for one in listed] == [True, False, True]

    def test_a_choice_about_another_output_or_project_counts_for_nothing(
        self, plain: Suggestion, now: datetime
    ) -> None:
        accepted_by("dr.who@ucsf.edu", "other_pipe", now, output_key="bam")
        suggested("DTL001", now, loader="other_pipe")

        listed = caller().get(LIST).json()["suggestions"]

        assert [one["preselected"] for one in listed] == [True, False]


class TestThePage:
    PAGE = "/dt_lung/suggestions"

    def test_a_card_of_several_has_the_last_choice_checked(self, plain: Suggestion, now: datetime) -> None:
        accepted_by("dr.who@ucsf.edu", "other_pipe", now)
        rival = suggested("DTL001", now, loader="other_pipe")

        text = visitor().get(self.PAGE).content.decode()

        (checked,) = re.findall(r'<input type="radio"[^>]*value="(\d+)"[^>]*checked', text)
        assert int(checked) == rival.pk

    def test_the_choice_is_what_is_requested(self, plain: Suggestion, now: datetime) -> None:
        rival = suggested("DTL001", now, loader="other_pipe", analysis="other")

        visitor().post(f"{self.PAGE}/{plain.pk}/accept", {"choice": str(rival.pk)})

        assert AnalysisRequest.objects.get().analysis == "other"

    def test_a_choice_that_is_no_number_is_nobodys(self, plain: Suggestion) -> None:
        answer = visitor().post(f"{self.PAGE}/{plain.pk}/accept", {"choice": "\u0661"})

        assert answer.status_code == HTTPStatus.NOT_FOUND
        assert not AnalysisRequest.objects.exists()
