from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from polyphemus_site.embed import Place, place_in

TIMUR = "https://timur.example.org"


@pytest.fixture(autouse=True)
def timur(settings: Settings) -> None:
    settings.POLYPHEMUS_TIMUR_ORIGINS = [TIMUR]


@pytest.mark.parametrize(
    ("referrer", "place"),
    [
        (f"{TIMUR}/dt_lung/browse/patient/DTL001#overview", Place("dt_lung", "patient", "DTL001")),
        (f"{TIMUR}/labors/browse/monster/Nemean%20Lion/x", Place("labors", "monster", "Nemean Lion/x")),
        (f"{TIMUR}/dt_lung/map", Place()),
        (f"{TIMUR}/", Place()),
        ("https://evil.example/dt_lung/browse/patient/DTL001", Place()),
        ("https://[", Place()),
        ("", Place()),
    ],
)
def test_timurs_address_alone_says_where_the_frame_stands(referrer: str, place: Place) -> None:
    assert place_in(referrer) == place


def test_the_frame_is_for_timur_alone() -> None:
    answer = Client().get("/embed/record", headers={"Referer": f"{TIMUR}/dt_lung/browse/patient/DTL001"})

    assert f"frame-ancestors {TIMUR}" in answer.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in answer.headers
    assert 'record="DTL001"' in answer.content.decode()


def test_an_address_may_name_the_record_itself() -> None:
    answer = Client().get("/embed/record", {"project": "labors", "record": '"><script>'})

    page = answer.content.decode()
    assert 'project="labors"' in page
    assert "<script>" not in page.replace('<script type="module"', "")
