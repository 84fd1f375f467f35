"""Polyphemus, and a page like Timur's that embeds it, on sibling hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.conftest import ARGUMENTS, WINDOW, SignIn, chromium_path, give
from tests.browser.pictures import keep
from tests.browser.timur.site import Site

RECORD = "/dt_lung/browse/patient/DTL001"


@pytest.fixture(scope="module")
def chromium(rows_beside_playwright: None) -> Iterator[Browser]:
    """One browser for a module: to start it takes longer than most of these tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), headless=True, args=ARGUMENTS)
        yield browser
        connections.close_all()  # those opened beside Playwright's loop are only known beside it
        browser.close()


@pytest.fixture
def browser_context(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """Nothing in it of the test before."""
    window = {"width": WINDOW["width"], "height": WINDOW["height"]}
    context = chromium.new_context(viewport=window, ignore_https_errors=True)  # type: ignore[arg-type]  # a plain dictionary
    yield context
    keep(context, request.node.name)
    context.close()


@pytest.fixture
def page(browser_context: BrowserContext) -> Page:
    return browser_context.new_page()


@pytest.fixture
def polyphemus(transactional_db: None, web: str) -> str:
    """The address of a real Polyphemus that lets that page embed and call, with this test's own rows."""
    return web


@pytest.fixture
def sign_in(browser_context: BrowserContext) -> SignIn:
    """Gives the browser the cookie that Janus would."""
    return partial(give, browser_context)


@pytest.fixture
def embed(timur: Site, polyphemus: str, sign_in: SignIn, page: Page) -> Callable[..., Page]:
    """Opens the host page with something of ours in it, signed in."""

    def open_page(body: str = "", *, path: str = RECORD, query: str = "", perm: str = "E:dt_lung") -> Page:
        sign_in(perm)
        timur.head = f'<script type="module" src="{polyphemus}/widgets/v1/embed.js{query}"></script>'
        timur.body = body
        page.goto(timur.url + path)
        return page

    return open_page
