"""`manage.py sweep`."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from pytest_django import Settings

from dispatch.models import AnalysisRequest
from tests.dispatch.calls import server_time
from tests.dispatch.conftest import Submit, bid, fresh


@pytest.fixture
def overdue(submit: Submit, analyst: str, settings: Settings) -> AnalysisRequest:
    """Came due a second ago; no loader stands behind it."""
    settings.POLYPHEMUS_WITNESS = "dispatch.witness.no_check"
    request = submit(name="overdue")
    bid(request, analyst, now=server_time() - timedelta(seconds=101), seconds=100)
    return request


def test_what_came_due_is_dealt_with_and_counted(
    overdue: AnalysisRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("sweep", "--json")

    told = json.loads(capsys.readouterr().out)
    assert (told["looked_at"], told["extended"], told["busy"]) == (1, 1, False)
    assert fresh(overdue).due_stage == "extension"


def test_without_json_it_is_a_line_for_each_count(
    overdue: AnalysisRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("sweep")

    lines = capsys.readouterr().out.splitlines()
    assert {"looked at   1", "extended    1", "deferred    0"} < set(lines)
