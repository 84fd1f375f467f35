"""axe's opinion of every state of every element."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from dispatch.services import requests
from tests.browser.timur.site import MODULES
from tests.browser.widgets.rows import orphan
from tests.loaders.rows import suggested

pytestmark = pytest.mark.browser

Embed = Callable[..., Page]
ALL = (
    '<polyphemus-suggestions project="dt_lung" record=""></polyphemus-suggestions>'
    '<polyphemus-requests project="dt_lung"></polyphemus-requests>'
    '<polyphemus-orphans project="dt_lung"></polyphemus-orphans>'
)
ELEMENTS = ["polyphemus-suggestions", "polyphemus-requests", "polyphemus-orphans"]
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture
def rows(polyphemus: str, requester: str) -> None:
    now = datetime.now(UTC)
    suggested("DTL001", now)
    suggested("DTL001", now, loader="exome_other", analysis="exome_other")
    orphan("DTL030.T1", now)
    requests.submit(analysis="exome_pipe", project="dt_lung", inputs=["x"], requester=requester, now=now)


def violations(page: Page) -> list[Any]:
    """What axe finds inside our elements."""
    page.add_script_tag(path=MODULES / "axe-core/axe.min.js")
    options = {"runOnly": {"type": "tag", "values": TAGS}}
    found = page.evaluate("([where, how]) => axe.run({include: where}, how)", [ELEMENTS, options])
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]]


def test_cards_can_be_used_by_everyone(embed: Embed, rows: None) -> None:
    page = embed(ALL)
    page.wait_for_function("told.length >= 3")

    assert violations(page) == []


def test_a_question_and_its_answer_can_be_used_by_everyone(embed: Embed, rows: None) -> None:
    page = embed(ALL)
    page.get_by_role("button", name="Request this analysis").click()
    asking = violations(page)
    page.get_by_role("button", name="Yes, request it").click()
    expect(page.get_by_role("link", name="Requested. See the request")).to_be_visible()

    assert (asking, violations(page)) == ([], [])
    expect(page.locator("polyphemus-suggestions").get_by_role("status")).to_contain_text("Requested.")


def test_everything_can_be_reached_by_keyboard(embed: Embed, rows: None) -> None:
    page = embed('<polyphemus-suggestions layout="strip" record=""></polyphemus-suggestions>')
    expect(page.locator("summary")).to_be_visible()
    page.locator("button.edit").focus()

    names = []
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    for _ in range(4):
        page.keyboard.press("Tab")
        focused = "document.querySelector('polyphemus-suggestions').shadowRoot.activeElement"
        names.append(page.evaluate(f"{focused}.textContent || {focused}.type"))

    assert names == ["radio", "Request this analysis", "Not now", "Why?"]
