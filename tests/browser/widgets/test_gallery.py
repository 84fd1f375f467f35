"""Every element in every state, inside a page like Timur's: pictures, and nothing axe finds fault with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser import lively
from tests.browser.pictures import picture
from tests.browser.timur.site import Site
from tests.browser.widgets.conftest import RECORD

pytestmark = pytest.mark.browser

Embed = Callable[..., Page]
HANDLE = "document.querySelector('.drawer-handle').getBoundingClientRect()"
OURS = ["polyphemus-suggestions", "polyphemus-requests", "polyphemus-orphans"]
#: name -> what Timur's slots hold, the page, and the visitor's roles
STATES: dict[str, dict[str, Any]] = {
    "card": {"slots": {"browse-record": OURS[0]}},
    "card-viewer": {"slots": {"browse-record": OURS[0]}, "perm": "v:dt_lung"},
    "drawer-suggestions": {"slots": {"dashboard": OURS[0]}, "path": "/dt_lung/browse/project/dt_lung"},
    "drawer-requests": {"slots": {"dashboard": OURS[1]}, "path": "/dt_lung/browse/project/dt_lung"},
    "drawer-orphans": {"slots": {"dashboard": OURS[2]}, "path": "/dt_lung/browse/project/dt_lung"},
}


@pytest.fixture(autouse=True)
def dt_lung(polyphemus: str) -> None:
    lively.make("dt_lung", datetime.now(UTC))


def axed(page: Page) -> list[str]:
    """What axe finds inside our elements."""
    found = Axe().run(page, context=OURS)
    return [violation["id"] for violation in found.response["violations"]]


@pytest.mark.parametrize("name", STATES)
def test_a_state_has_no_fault_and_keeps_clear_of_timurs_drawer(embed: Embed, timur: Site, name: str) -> None:
    state = dict(STATES[name])
    slots = ", ".join(f'"{slot}": ["{tag}"]' for slot, tag in state.pop("slots").items())
    timur.slots = f"window.SLOTS = {{ {slots} }}"
    page = embed(**{"path": "/dt_lung/browse/patient/LABORS-7", **state})
    page.wait_for_function("told.some(([name]) => name === 'loaded')")
    picture(page, f"widget-{name}")

    covered = f"""[...document.querySelectorAll('{",".join(OURS)}')].flatMap(
        (one) => [...one.shadowRoot.querySelectorAll('button, a, summary')]
    ).filter((one) => one.getBoundingClientRect().right > {HANDLE}.left).length"""
    assert page.evaluate(covered) == 0
    assert axed(page) == []


def test_the_strip_closed_and_open(embed: Embed) -> None:
    page = embed(query="?automount", path="/dt_lung/browse/patient/LABORS-7")
    strip = page.locator("polyphemus-suggestions")
    expect(strip).to_contain_text("suggestion")
    picture(page, "widget-strip-closed")
    strip.locator("summary").click()
    picture(page, "widget-strip-open")

    assert axed(page) == []


def test_asking_acting_and_after(embed: Embed, timur: Site) -> None:
    timur.slots = 'window.SLOTS = { "browse-record": ["polyphemus-suggestions"] }'
    page = embed(path="/dt_lung/browse/patient/LABORS-7")
    page.get_by_role("button", name="Request this analysis").click()
    picture(page, "widget-asking")
    asking = axed(page)
    page.get_by_role("button", name="Yes, request it").click()
    expect(page.get_by_role("link", name="Requested. See the request")).to_be_visible()
    picture(page, "widget-requested")
    requested = axed(page)
    page.evaluate("visit('/dt_lung/browse/patient/LABORS-8')")
    page.get_by_role("button", name="Not now").click()
    expect(page.get_by_role("button", name="not needed")).to_be_visible()
    picture(page, "widget-put-away")

    assert (asking, requested, axed(page)) == ([], [], [])


def test_the_door_and_the_readers_view(embed: Embed, page: Page, timur: Site) -> None:
    timur.slots = 'window.SLOTS = { "browse-record": ["polyphemus-suggestions", { readonly: "" }] }'
    embed(path="/dt_lung/browse/patient/LABORS-7")
    expect(page.get_by_role("link", name="Why?")).to_be_visible()
    picture(page, "widget-readonly")
    page.context.clear_cookies()
    page.reload()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    picture(page, "widget-signed-out")

    assert axed(page) == []


def test_inside_a_frame(embed: Embed, timur: Site, polyphemus: str, page: Page) -> None:
    place = "project=dt_lung&amp;model=patient&amp;record=LABORS-7"
    frame = f'<iframe src="{polyphemus}/embed/record?{place}" title="Suggestions"></iframe>'
    embed(frame, path=RECORD)
    expect(page.frame_locator("iframe").locator("li").first).to_be_visible()
    picture(page, "widget-frame")
