from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from loaders.models import Suggestion
from tests.browser.pictures import picture
from tests.browser.timur.site import MODULES
from tests.loaders.rows import suggested

pytestmark = pytest.mark.browser

Embed = Callable[..., Page]
PLACE = 'project="dt_lung" model="patient" record="DTL001"'
BADGE = f"<polyphemus-badge {PLACE}></polyphemus-badge>"


@pytest.fixture
def suggestion(polyphemus: str) -> Suggestion:
    return suggested("DTL001", datetime.now(UTC))


def test_it_says_how_many_there_are_and_leads_to_them(
    embed: Embed, suggestion: Suggestion, polyphemus: str
) -> None:
    page = embed(BADGE)

    link = page.locator("polyphemus-badge").get_by_role("link", name="1 suggestion")
    expect(link).to_be_visible()
    picture(page, "widget-badge")
    assert link.get_attribute("href") == f"{polyphemus}/dt_lung/suggestions"
    assert page.evaluate("told.map(([name, detail]) => [name, detail.count])") == [["loaded", 1]]


def test_where_there_are_none_it_is_not_seen(embed: Embed, polyphemus: str) -> None:
    page = embed(BADGE)
    page.wait_for_function("told.some(([name]) => name === 'loaded')")

    expect(page.locator("polyphemus-badge")).to_be_hidden()


def test_it_counts_no_restricted_finding_for_who_may_not_see_it(embed: Embed, suggestion: Suggestion) -> None:
    Suggestion.objects.update(restricted=True)
    page = embed(BADGE, perm="e:dt_lung")
    page.wait_for_function("told.some(([name]) => name === 'loaded')")

    expect(page.locator("polyphemus-badge")).to_be_hidden()


def test_beside_the_suggestions_it_asks_for_nothing_of_its_own(
    embed: Embed, suggestion: Suggestion, page: Page
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/" in request.url else None)

    embed(f"{BADGE}<polyphemus-suggestions {PLACE}></polyphemus-suggestions>")

    expect(page.locator("polyphemus-suggestions li")).to_have_count(1)
    expect(page.locator("polyphemus-badge")).to_contain_text("1 suggestion")
    assert len(asked) == 1


def test_it_can_be_used_by_everyone(embed: Embed, suggestion: Suggestion) -> None:
    page = embed(BADGE)
    expect(page.locator("polyphemus-badge")).to_contain_text("1 suggestion")
    page.add_script_tag(path=MODULES / "axe-core/axe.min.js")

    found = page.evaluate("axe.run('polyphemus-badge').then((said) => said.violations.map((one) => one.id))")

    assert found == []
