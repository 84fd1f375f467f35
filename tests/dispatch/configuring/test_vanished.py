"""What was asked for goes on when what is known of its analysis is gone."""

from __future__ import annotations

from datetime import datetime

import pytest

from dispatch.models import Analysis, AnalysisRequest
from dispatch.services import requests
from tests.dispatch.calls import Program
from tests.dispatch.configuring.test_configurations import PARAMS
from tests.dispatch.test_pages import browser


@pytest.fixture
def orphaned(sarek_with_sheet: str, requester: str, now: datetime) -> AnalysisRequest:
    """A request held to schemas that somebody then deleted."""
    row = {"patient": "P1", "sample": "S1", "lane": "L1", "fastq_1": "metis://dt_lung/a_1.fastq.gz"}
    made = requests.submit(
        analysis="sarek",
        project="dt_lung",
        inputs=[row],
        params=PARAMS,
        requester=requester,
        name="pair",
        now=now,
    )
    Analysis.objects.all().delete()
    return made


def test_it_is_read_bid_for_and_ended(orphaned: AnalysisRequest, program: Program, analyst: str) -> None:
    body = {"analysis": "sarek", "name": "pair"}

    answers = [
        program.get("/api/v1/requests"),
        program.get("/api/v1/requests/pair", Accept="application/vnd.polyphemus.v2+json"),
        program.post("/api/v1/bids", body | {"analyst": analyst, "time": "60"}),
        program.post("/api/v1/extensions", body | {"time": "30"}),
        program.post("/api/v1/tickets", body),
        program.get("/api/v1/requests/pair/record"),
    ]

    assert [answer.status_code for answer in answers] == [200] * 6


@pytest.mark.parametrize(
    "page",
    [
        "/dt_lung/requests/pair",
        "/dt_lung/analyses",
        "/dt_lung/configure?request=pair",
        "/dt_lung/configure?analysis=sarek",
    ],
)
def test_its_pages_are_shown(orphaned: AnalysisRequest, janus: None, requester: str, page: str) -> None:
    assert browser(requester).get(page, follow=True).status_code == 200
