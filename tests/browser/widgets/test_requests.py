from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from dispatch.models import AnalysisRequest
from dispatch.services import requests
from tests.browser import lively

pytestmark = pytest.mark.browser

Embed = Callable[..., Page]
ELEMENT = '<polyphemus-requests project="dt_lung"></polyphemus-requests>'


@pytest.fixture
def published(polyphemus: str, requester: str) -> str:
    request = requests.submit(
        analysis="exome_pipe",
        project="dt_lung",
        inputs=["DTL001.T1.exome"],
        requester=requester,
        name="dt_lung_pair",
        now=datetime.now(UTC),
    )
    return request.name


def test_open_requests_are_listed_with_their_state(embed: Embed, published: str) -> None:
    page = embed(ELEMENT)

    card = page.locator("polyphemus-requests li")
    expect(card).to_have_count(1)
    expect(card).to_contain_text("exome_pipe · open for bids")
    href = card.get_by_role("link", name=published).get_attribute("href")
    assert href is not None
    assert href.endswith(f"/dt_lung/requests/{published}")


@pytest.mark.parametrize(("lang", "says"), [("de_CH", "fällig"), ("!?", "due"), ("en_US", "due")])
def test_a_language_written_in_any_way_hides_nothing(
    embed: Embed, polyphemus: str, lang: str, says: str
) -> None:
    lively.make("dt_lung", datetime.now(UTC))
    page = embed(ELEMENT.replace(" project", f' lang="{lang}" limit="9" project'))

    expect(page.locator("polyphemus-requests li", has_text=says).first).to_be_visible()


def test_hostile_words_stay_words(embed: Embed, published: str) -> None:
    hostile = '<img src=x onerror="window.told.push([`hacked`])"> \u202egnp.sj' * 150
    AnalysisRequest.objects.update(analysis=hostile[:100], requester=hostile[:200])
    page = embed(ELEMENT)

    expect(page.locator("polyphemus-requests li")).to_contain_text("<img src=x onerror=")
    assert page.locator("polyphemus-requests img").count() == 0
    assert page.evaluate("told.map(([name]) => name)") == ["loaded"]


def test_a_project_without_requests_says_so(embed: Embed, polyphemus: str) -> None:
    page = embed(ELEMENT)

    expect(page.locator("polyphemus-requests")).to_contain_text("No open requests.")
