"""What operators are told."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from pytest_django import Settings

from dispatch import probes
from dispatch.models import AnalysisRequest, ApiKey
from dispatch.scopes import Scope, Scopes
from dispatch.services import keys
from polyphemus_site.api.models import SignedCall
from polyphemus_site.health import Level
from tests.dispatch.calls import KEK, Program, server_time
from tests.dispatch.conftest import HOUR, Submit


class TestDueDates:
    @pytest.mark.parametrize(
        ("late", "level"), [(timedelta(seconds=59), Level.OK), (timedelta(seconds=60), Level.WARN)]
    )
    def test_what_came_due_and_still_waits_is_told(
        self, running: AnalysisRequest, now: datetime, late: timedelta, level: Level
    ) -> None:
        assert probes.due_dates(now + HOUR + late).level == level


class TestUnserved:
    @pytest.mark.parametrize(
        ("scopes", "level"),
        [
            ([], Level.WARN),
            ([Scope("other", "*")], Level.WARN),
            ([Scope("dt_lung", "exome_pipe", "read")], Level.WARN),
            ([Scope("dt_lung", "*")], Level.OK),
            ([Scope("*", "exome_pipe", "bid")], Level.OK),
        ],
    )
    def test_a_request_nobody_may_do_is_told(
        self, submit: Submit, analyst: str, now: datetime, scopes: list[Scope], level: Level
    ) -> None:
        submit(name="lonely")
        keys.create(
            analyst=analyst, scheme="etna-v1", scopes=Scopes(tuple(scopes)), kek=KEK, actor="t", now=now
        )

        (finding,) = probes.unserved(now)

        assert (finding.level, "lonely" in finding.found) == (level, level == Level.WARN)

    def test_a_revoked_key_serves_nobody(self, submit: Submit, analyst: str, now: datetime) -> None:
        submit(name="lonely")
        made = keys.create(
            analyst=analyst, scheme="etna-v1", scopes=[Scope("*", "*")], kek=KEK, actor="t", now=now
        )
        keys.revoke(made.key, actor="t", now=now)

        assert probes.unserved(now)[0].level == Level.WARN


class TestSealedKeys:
    def test_keys_sealed_under_another_kek_are_told(
        self, db: None, analyst: str, now: datetime, settings: Settings
    ) -> None:
        keys.create(analyst=analyst, scheme="etna-v1", kek=KEK, actor="tests", now=now)
        opening = probes.sealed_keys(now)
        settings.POLYPHEMUS_KEK = bytes(32)

        shut = probes.sealed_keys(now)

        assert (opening.level, shut.level) == (Level.OK, Level.WARN)
        assert "POLYPHEMUS_KEK_PREVIOUS" in shut.remedy


class TestReplacedKeys:
    @pytest.mark.parametrize(
        ("keep", "used", "level"),
        [
            (timedelta(hours=47), True, Level.WARN),
            (timedelta(hours=49), True, Level.OK),
            (timedelta(hours=47), False, Level.OK),
        ],
    )
    def test_one_that_is_used_shortly_before_its_end_is_told(
        self, program: Program, keep: timedelta, used: bool, level: Level
    ) -> None:
        now = server_time()
        key = ApiKey.objects.get(pk=program.key_id)
        keys.rotate(key, keep=keep, kek=KEK, actor="t", now=now)
        SignedCall.objects.create(
            at=now - timedelta(hours=1),
            request_id=uuid4(),
            scheme="etna-v1",
            key_id=key.pk,
            accepted=used,
            reason="" if used else "replay",
            microseconds=1,
        )

        (finding,) = probes.replaced_keys(now)

        assert (finding.level, program.key_id in finding.found) == (level, level == Level.WARN)
