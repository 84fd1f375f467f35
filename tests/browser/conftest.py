"""A real, headless Chromium with a profile of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests.browser.pictures import keep
from tests.system_packages import program

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
def browser_context(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A browser nobody has used before."""
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path=program("chromium", package="chromium"),
            headless=True,
            args=ARGUMENTS,
            ignore_https_errors=True,
            viewport={"width": 1280, "height": 900},
        )
        yield context
        keep(context, request.node.name)
        context.close()


@pytest.fixture
def page(browser_context: BrowserContext) -> Page:
    """Its first page."""
    return browser_context.pages[0]
