"""What a project's admins decide holds, is written down with its author, and is never overwritten unseen."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.db.utils import IntegrityError

from polyphemus_site.errors import MoveRefusedError
from polyphemus_site.projects import decisions
from polyphemus_site.projects.decisions import Decided
from polyphemus_site.projects.models import ProjectSettings, ProjectSettingsEvent
from polyphemus_site.projects.signals import project_settings_changed

OFF = Decided(loaders_off=("exome_pipe",))


@pytest.fixture
def told() -> Iterator[list[dict[str, Any]]]:
    heard: list[dict[str, Any]] = []

    def hear(*, project: str, switched_on: list[str], **_: Any) -> None:
        heard.append({"project": project, "switched_on": switched_on})

    project_settings_changed.connect(hear)
    yield heard
    project_settings_changed.disconnect(hear)


@pytest.mark.django_db
class TestChange:
    def test_a_project_nobody_decided_for_has_the_usual(self) -> None:
        assert decisions.of("labors") == Decided()
        assert decisions.room_for_requests("labors") is None

    def test_what_was_decided_holds_and_says_who_decided_it(self, now: datetime, curator: str) -> None:
        decisions.change("labors", replace(OFF, most_open_requests=3), actor=curator, now=now)

        assert decisions.of("labors") == replace(OFF, most_open_requests=3, version=1)
        assert decisions.room_for_requests("labors") == 3
        (event,) = decisions.history("labors")
        assert (event.actor, event.at) == (curator, now)
        assert (event.before["loaders_off"], event.after["loaders_off"]) == ([], ["exome_pipe"])
        assert decisions.of("ipi") == Decided()

    def test_the_same_again_writes_nothing(self, now: datetime, curator: str) -> None:
        first = decisions.change("labors", OFF, actor=curator, now=now)
        decisions.change("labors", first, actor=curator, now=now)

        assert ProjectSettingsEvent.objects.count() == 1

    def test_a_form_filled_in_before_anothers_change_is_refused(
        self, now: datetime, curator: str, rival: str
    ) -> None:
        decisions.change("labors", OFF, actor=curator, now=now)

        with pytest.raises(MoveRefusedError) as refused:
            decisions.change("labors", Decided(digest_hour=5), actor=rival, now=now)

        assert refused.value.code == "settings_changed"
        assert decisions.of("labors").digest_hour == 8
        assert ProjectSettingsEvent.objects.count() == 1

    def test_others_are_told_after_commit_what_was_switched_on(
        self,
        now: datetime,
        curator: str,
        told: list[dict[str, Any]],
        django_capture_on_commit_callbacks: Any,
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            first = decisions.change("labors", OFF, actor=curator, now=now)
        with django_capture_on_commit_callbacks(execute=True):
            decisions.change("labors", replace(first, loaders_off=()), actor=curator, now=now)

        assert told == [
            {"project": "labors", "switched_on": []},
            {"project": "labors", "switched_on": ["exome_pipe"]},
        ]

    @pytest.mark.parametrize("impossible", [{"digest_hour": 24}, {"most_open_requests": 0}])
    def test_the_database_keeps_out_what_no_form_lets_through(self, impossible: dict[str, int]) -> None:
        with pytest.raises(IntegrityError):
            ProjectSettings.objects.create(project="labors", **impossible)


@pytest.mark.django_db(transaction=True)
def test_of_two_admins_at_once_one_is_refused(now: datetime, curator: str, rival: str) -> None:
    together = Barrier(2)

    def decide(actor: str, hour: int) -> str:
        with closing(connection):
            together.wait()
            try:
                decisions.change("labors", Decided(digest_hour=hour), actor=actor, now=now)
            except MoveRefusedError as refused:
                return refused.code
            return "kept"

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(decide, [curator, rival], [5, 6]))

    assert sorted(outcomes) == ["kept", "settings_changed"]
    assert ProjectSettingsEvent.objects.count() == 1
