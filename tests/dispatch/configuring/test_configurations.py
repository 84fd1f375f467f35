"""Configurations in versions, and requests published from them once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from dispatch.configuring.differences import Difference, differences
from dispatch.configuring.errors import AlreadySentError
from dispatch.configuring.models import Configuration, ConfigurationVersion, ConfiguredRequest, SchemaEdition
from dispatch.configuring.services import configurations, publishing
from dispatch.configuring.services.configurations import Keeping
from dispatch.configuring.services.publishing import Wish
from dispatch.models import AnalysisRequest
from dispatch.services import requests
from polyphemus_site.errors import InvalidInputError
from tests.dispatch.configuring.conftest import RNASEQ, SAREK, hold

PARAMS = {"step": "mapping", "outdir": "out"}
DAY = timedelta(days=1)


def keeping(**changes: Any) -> Keeping:
    said: dict[str, Any] = {
        "project": "labors",
        "analysis": "sarek",
        "name": "usual",
        "params": PARAMS,
        "author": "dr.who@ucsf.edu",
    }
    return Keeping(**(said | changes))


def numbers() -> list[int]:
    return list(ConfigurationVersion.objects.order_by("pk").values_list("number", flat=True))


@pytest.mark.usefixtures("sarek")
class TestKeep:
    def test_the_first_version_remembers_who_when_and_against_what(self, now: datetime) -> None:
        kept = configurations.keep(keeping(comment="First."), now=now)

        assert (kept.number, kept.author, kept.comment, kept.at) == (1, "dr.who@ucsf.edu", "First.", now)
        assert kept.edition == SchemaEdition.objects.get().digest

    def test_a_change_is_a_new_version_and_the_old_one_stays(self, now: datetime) -> None:
        first = configurations.keep(keeping(), now=now)

        second = configurations.keep(keeping(params=PARAMS | {"wes": True}, origin=first), now=now + DAY)

        assert (second.number, second.origin) == (2, first)
        assert ConfigurationVersion.objects.get(number=1).params == PARAMS

    def test_nothing_changed_is_no_new_version(self, now: datetime) -> None:
        first = configurations.keep(keeping(), now=now)

        assert configurations.keep(keeping(), now=now + DAY) == first
        assert configurations.keep(keeping(name=" USUAL "), now=now + DAY) == first
        assert numbers() == [1]

    def test_an_old_version_used_again_as_it_is_stays_that_version(self, now: datetime) -> None:
        first = configurations.keep(keeping(), now=now)
        configurations.keep(keeping(params=PARAMS | {"wes": True}), now=now)

        assert configurations.keep(keeping(origin=first), now=now) == first

    def test_another_project_has_its_own(self, now: datetime) -> None:
        configurations.keep(keeping(), now=now)
        configurations.keep(keeping(project="dt_lung"), now=now)

        assert Configuration.objects.count() == 2

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"name": ""}, "invalid_name"),
            ({"name": "x" * 101}, "invalid_name"),
            ({"name": "\u202ex"}, "invalid_name"),
            ({"comment": "x" * 1001}, "invalid_comment"),
            ({"comment": "\x07"}, "invalid_comment"),
            ({"params": {"step": "mapping"}}, "invalid_params"),
            ({"params": PARAMS | {"toools": 1}}, "invalid_params"),
            ({"project": "../x"}, "invalid_project"),
        ],
    )
    def test_what_does_not_fit_is_refused_and_nothing_is_kept(
        self, now: datetime, change: dict[str, Any], code: str
    ) -> None:
        with pytest.raises(InvalidInputError) as refused:
            configurations.keep(keeping(**change), now=now)

        assert refused.value.code == code
        assert not Configuration.objects.exists()


@pytest.mark.usefixtures("sarek")
class TestRestore:
    def test_an_old_version_becomes_the_latest_and_nothing_is_lost(self, now: datetime) -> None:
        first = configurations.keep(keeping(), now=now)
        configurations.keep(keeping(params=PARAMS | {"wes": True}), now=now)

        third = configurations.restore(first, author="curator@ucsf.edu", now=now + DAY)

        assert (third.number, third.params, third.is_restored) == (3, PARAMS, True)
        assert (third.author, third.comment) == ("curator@ucsf.edu", "Back to version 1.")
        assert numbers() == [1, 2, 3]

    def test_the_latest_is_the_latest_already(self, now: datetime) -> None:
        only = configurations.keep(keeping(), now=now)

        assert configurations.restore(only, author="curator@ucsf.edu", now=now) == only

    def test_what_no_longer_fits_the_pipeline_is_refused(self, now: datetime) -> None:
        first = configurations.keep(keeping(params=PARAMS | {"wes": True}), now=now)
        configurations.keep(keeping(), now=now)
        hold("sarek", RNASEQ, now=now)

        with pytest.raises(InvalidInputError) as refused:
            configurations.restore(first, author="curator@ucsf.edu", now=now)

        assert refused.value.code == "invalid_params"


@pytest.mark.usefixtures("sarek")
class TestHistory:
    @pytest.mark.parametrize("model", [ConfigurationVersion, SchemaEdition])
    @pytest.mark.parametrize("change", ["update", "delete"])
    def test_the_database_refuses_to_rewrite_it(self, now: datetime, model: type[Any], change: str) -> None:
        configurations.keep(keeping(), now=now)
        rows = model.objects.all()

        with pytest.raises(DatabaseError, match="only added to"), transaction.atomic():
            rows.update(author="somebody") if change == "update" else rows._raw_delete("default")

    def test_the_same_schemas_are_one_edition(self, now: datetime) -> None:
        hold("sarek", SAREK, now=now + DAY)
        assert SchemaEdition.objects.count() == 1

        hold("sarek", RNASEQ, now=now + DAY)
        assert SchemaEdition.objects.count() == 2


def wish(**changes: Any) -> Wish:
    said: dict[str, Any] = {
        "analysis": "sarek",
        "project": "labors",
        "requester": "dr.who@ucsf.edu",
        "inputs": ["a"],
        "params": PARAMS,
    }
    return Wish(**(said | changes))


@pytest.mark.usefixtures("sarek")
class TestPublish:
    def test_a_request_remembers_the_version_it_came_from(self, now: datetime) -> None:
        done = publishing.publish(wish(), keeping(), token="t", now=now)

        assert done.request.config == {"project": "labors", "inputs": ["a"], "params": PARAMS}
        assert (done.version.number, done.version.params) == (1, PARAMS)
        assert ConfiguredRequest.objects.get(request=done.request).version == done.version

    def test_sent_twice_it_publishes_once(self, now: datetime) -> None:
        first = publishing.publish(wish(), keeping(), token="t", now=now)
        again = publishing.publish(wish(), keeping(), token="t", now=now + DAY)

        assert again == first
        assert AnalysisRequest.objects.count() == 1

    def test_another_form_for_just_the_same_asks_first(self, now: datetime) -> None:
        first = publishing.publish(wish(), keeping(), token="t", now=now).request

        with pytest.raises(AlreadySentError) as told:
            publishing.publish(wish(), keeping(), token="u", now=now)
        publishing.publish(wish(), keeping(), token="v", again=told.value.members["request_name"], now=now)

        assert told.value.members["request_name"] == first.name
        assert AnalysisRequest.objects.count() == 2
        assert numbers() == [1]

    def test_what_was_done_can_be_asked_for_again(self, now: datetime) -> None:
        first = publishing.publish(wish(), keeping(), token="t", now=now).request
        requests.cancel(first, actor="dr.who@ucsf.edu", now=now)

        publishing.publish(wish(), keeping(), token="u", now=now)

        assert AnalysisRequest.objects.count() == 2

    def test_a_form_sent_again_with_other_words_is_not_passed_over(self, now: datetime) -> None:
        publishing.publish(wish(), keeping(), token="t", now=now)

        with pytest.raises(AlreadySentError) as refused:
            publishing.publish(wish(inputs=["b"]), keeping(), token="t", now=now)

        assert refused.value.code == "already_sent"

    def test_a_request_that_is_refused_keeps_no_configuration_either(self, now: datetime) -> None:
        with pytest.raises(InvalidInputError):
            publishing.publish(wish(name="a b"), keeping(), token="t", now=now)

        assert not Configuration.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_clicks_at_once_one_publishes(now: datetime) -> None:
    hold("sarek", SAREK, now=now)

    def click(_number: int) -> str:
        try:
            return publishing.publish(wish(), keeping(), token="t", now=now).request.name
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        names = set(pool.map(click, range(8)))

    assert names == {AnalysisRequest.objects.get().name}
    assert numbers() == [1]


@pytest.mark.django_db(transaction=True)
def test_of_changes_at_once_none_is_lost(now: datetime) -> None:
    hold("sarek", SAREK, now=now)

    def change(number: int) -> None:
        try:
            configurations.keep(keeping(params=PARAMS | {"outdir": f"o{number}"}), now=now)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(change, range(8)))

    assert sorted(numbers()) == list(range(1, 9))
    assert Configuration.objects.count() == 1


def test_differences_name_what_was_added_taken_away_and_changed() -> None:
    before = {"a": 1, "b": "x", "c": True, "same": [1]}
    after = {"a": True, "b": "y", "d": {"e": 1}, "same": [1]}

    assert differences(before, after) == [
        Difference("a", "1", "true"),
        Difference("b", "x", "y"),
        Difference("c", "true", None),
        Difference("d", None, '{"e": 1}'),
    ]
