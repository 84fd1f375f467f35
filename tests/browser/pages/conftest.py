"""A visitor with a browser, before a real Polyphemus."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from django.db import connections
from playwright.sync_api import BrowserContext, sync_playwright

from tests.browser.conftest import ARGUMENTS, WINDOW, SignIn, chromium_path, give
from tests.browser.pictures import keep


@pytest.fixture
def site(transactional_db: None, web: str) -> str:
    """Its address, with a database of this test's own."""
    return web


@pytest.fixture
def browser(site: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A browser in whose world our host names exist."""
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path=chromium_path(),
            headless=True,
            args=ARGUMENTS,
            ignore_https_errors=True,
            viewport={"width": WINDOW["width"], "height": WINDOW["height"]},
        )
        yield context
        connections.close_all()  # those opened beside Playwright's loop are only known beside it
        keep(context, request.node.name)
        context.close()


@pytest.fixture
def sign_in(browser: BrowserContext) -> SignIn:
    """Give the browser the cookie of somebody with these roles."""
    return partial(give, browser)
