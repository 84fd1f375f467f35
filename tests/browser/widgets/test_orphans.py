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
    expect(element).to_contain_text("sample 2")
    door = element.get_by_role("link", name="Review them").get_attribute("href")
    assert door == f"{polyphemus}/dt_lung/orphans"


def test_without_orphans_there_is_nothing_to_see(embed: Embed) -> None:
    page = embed(ELEMENT)
    page.wait_for_function("told.length")

    expect(page.locator("polyphemus-orphans")).to_be_hidden()


def test_who_may_not_review_them_is_not_asked_to(embed: Embed) -> None:
    orphan("DTL030.N1", datetime.now(UTC))
    page = embed(ELEMENT, perm="v:dt_lung")
    page.wait_for_function("told.length")

    expect(page.locator("polyphemus-orphans")).to_be_hidden()
