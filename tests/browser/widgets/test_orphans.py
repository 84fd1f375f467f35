from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from tests.browser.widgets.rows import orphan

pytestmark = pytest.mark.browser

Embed = Callable[..., Page]
ELEMENT = '<polyphemus-orphans project="dt_lung"></polyphemus-orphans>'


def test_orphans_are_counted_with_the_way_to_their_review(embed: Embed, polyphemus: str) -> None:
    for record in ("DTL030.N1", "DTL030.T1"):
        orphan(record, datetime.now(UTC))
    page = embed(ELEMENT)

    element = page.locator("polyphemus-orphans")
    expect(element).to_contain_text("2 records without a parent wait for review")
    door = element.get_by_role("link", name="All of them").get_attribute("href")
    assert door == f"{polyphemus}/dt_lung/orphans"


def test_without_orphans_there_is_nothing_to_see(embed: Embed) -> None:
    page = embed(ELEMENT)
    page.wait_for_function("told.length")

    expect(page.locator("polyphemus-orphans")).to_be_hidden()


def test_readonly_offers_nothing_to_do(embed: Embed) -> None:
    orphan("DTL030.N1", datetime.now(UTC))
    page = embed(ELEMENT.replace(" project", " readonly project"))

    element = page.locator("polyphemus-orphans")
    expect(element).to_contain_text("DTL030.N1")
    expect(element.locator("button, input")).to_have_count(0)
