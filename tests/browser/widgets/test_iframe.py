from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

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


def test_no_other_page_may_frame_it(
    timur: Site, polyphemus: str, sign_in: Callable[[str], None], page: Page
) -> None:
    sign_in("E:dt_lung")
    timur.body = FRAME.format(url=polyphemus)
    page.goto(timur.url.replace("timur.", "blog.") + RECORD)

    expect(page.frame_locator("iframe").locator("polyphemus-suggestions")).to_have_count(0)
