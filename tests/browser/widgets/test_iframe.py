from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.timur.site import Site
from tests.browser.widgets.conftest import RECORD
from tests.loaders.rows import suggested

pytestmark = pytest.mark.browser

FRAME = '<iframe src="{url}/embed/record" referrerpolicy="unsafe-url" title="Suggestions"></iframe>'


def test_a_frame_in_timurs_page_shows_the_records_suggestions(
    timur: Site, polyphemus: str, sign_in: Callable[[str], None], page: Page
) -> None:
    suggested("DTL001", datetime.now(UTC))
    sign_in("E:dt_lung")
    timur.body = FRAME.format(url=polyphemus)
    page.goto(timur.url + RECORD)

    expect(page.frame_locator("iframe").locator("li")).to_contain_text("exome_pipe for DTL001")


def test_whoever_is_signed_out_comes_back_to_the_page_around_the_frame(
    timur: Site, polyphemus: str, page: Page
) -> None:
    timur.body = FRAME.format(url=polyphemus)
    page.goto(timur.url + RECORD)

    door = page.frame_locator("iframe").get_by_role("link", name="Sign in")
    expect(door).to_have_attribute("target", "_top")
    back = quote(timur.url + RECORD, safe="")
    expect(door).to_have_attribute("href", f"{polyphemus}/-/sign-in?back={back}")


def test_no_other_page_may_frame_it(
    timur: Site, polyphemus: str, sign_in: Callable[[str], None], page: Page
) -> None:
    sign_in("E:dt_lung")
    timur.body = FRAME.format(url=polyphemus)
    page.goto(timur.url.replace("timur.", "blog.") + RECORD)

    expect(page.frame_locator("iframe").locator("polyphemus-suggestions")).to_have_count(0)
