"""The history, exported."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from dispatch.models import AnalysisRequest
from dispatch.services import requests
from tests.dispatch.conftest import Submit
from tests.dispatch.test_pages import browser

PATH = "/dt_lung/requests-history.jsonl"


def exported(capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, Any]]:
    call_command("export_history", *options)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


class TestCommand:
    def test_each_event_is_a_line_that_says_who_did_what_when_and_why(
        self,
        running: AnalysisRequest,
        requester: str,
        now: datetime,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        requests.cancel(running, actor=requester, note="no\nlonger needed", now=now)

        lines = exported(capsys)

        assert [line["kind"] for line in lines] == ["submitted", "awarded", "cancelled"]
        assert lines[-1] == {
            "id": lines[-1]["id"],
            "request": "running",
            "project": "dt_lung",
            "analysis": "exome_pipe",
            "kind": "cancelled",
            "at": "2026-05-04T12:22:07.000Z",
            "actor": requester,
            "source": "running",
            "target": "archived",
            "note": "no\nlonger needed",
            "facts": {},
        }

    def test_a_part_can_be_asked_for(
        self, submit: Submit, now: datetime, capsys: pytest.CaptureFixture[str]
    ) -> None:
        submit(name="old")
        submit(name="new", now=now + timedelta(seconds=1))
        submit(name="other", project="labors", now=now + timedelta(seconds=1))

        def named(*options: str) -> list[str]:
            return [line["request"] for line in exported(capsys, *options)]

        assert named("--project", "labors") == ["other"]
        assert named("--request", "old") == ["old"]
        assert named("--since", "2026-05-04T12:22:08Z", "--project", "dt_lung") == ["new"]
        assert named("--since", "2026-05-04T12:22:08") == ["new", "other"]

    @pytest.mark.parametrize("since", ["yesterday", "2026-13-45T00:00:00Z"])
    def test_an_instant_that_is_none_is_refused(self, db: None, since: str) -> None:
        with pytest.raises(CommandError, match="is no instant"):
            call_command("export_history", "--since", since)


@pytest.mark.usefixtures("janus")
class TestDownload:
    def test_who_sees_the_project_takes_its_history_along_and_no_others(
        self, submit: Submit, running: AnalysisRequest, outsider: str
    ) -> None:
        submit(name="elsewhere", project="labors")

        answer = browser(outsider, "v:dt_lung").get(PATH)

        lines = [json.loads(line) for line in answer.getvalue().splitlines()]
        assert {line["request"] for line in lines} == {"running"}
        assert 'filename="dt_lung-requests-history.jsonl"' in answer["Content-Disposition"]

    def test_others_do_not(self, running: AnalysisRequest, outsider: str) -> None:
        assert browser(outsider, "e:labors").get(PATH).status_code in {403, 404}
