"""Polyphemus and a page like Timur's, on sibling hosts: `*.localhost` is this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from magma.demo.server import serving
from magma.demo.tokens import KeyPair, mint
from tests.browser.conftest import ARGUMENTS
from tests.browser.pictures import keep
from tests.browser.timur.site import Site
from tests.system_packages import program

DOMAIN = "development.localhost"
RECORD = "/dt_lung/browse/patient/DTL001"


def under(name: str, url: str) -> str:
    """The address of a server under a host name of the shared domain."""
    return f"http://{name}.{DOMAIN}:{urlsplit(url).port}"


@pytest.fixture(scope="module", autouse=True)
def rows_beside_playwright() -> Iterator[None]:
    """Playwright's event loop lives in the test's thread: Django would take every query for one inside it.

    And connections the server keeps for a browser that keeps its own would outlive the test's database.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        patch.setitem(connections.databases["default"], "CONN_MAX_AGE", 0)
        yield


@pytest.fixture(scope="module")
def chromium(rows_beside_playwright: None) -> Iterator[Browser]:
    """One browser for a module: to start it takes longer than most of these tests."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program("chromium", package="chromium"), headless=True, args=ARGUMENTS
        )
        yield browser
        browser.close()


@pytest.fixture
def browser_context(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """Nothing in it of the test before."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    yield context
    keep(context, request.node.name)
    context.close()


@pytest.fixture
def page(browser_context: BrowserContext) -> Page:
    return browser_context.new_page()


@pytest.fixture
def timur() -> Iterator[Site]:
    site = Site()
    with serving(site.answer) as server:
        site.url = under("timur", server.url)
        yield site


@pytest.fixture
def polyphemus(live_server: LiveServer, settings: Settings, timur: Site, janus_keys: KeyPair) -> str:
    """The address of a real Polyphemus that lets that page embed and call."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.POLYPHEMUS_URL = under("polyphemus", live_server.url)
    settings.POLYPHEMUS_TIMUR_ORIGINS = settings.CORS_ALLOWED_ORIGINS = [timur.url]
    settings.POLYPHEMUS_JANUS_URL = ""
    settings.POLYPHEMUS_JANUS_PUBLIC_KEY = janus_keys.public
    settings.POLYPHEMUS_JANUS_COOKIE = "JANUS_TOKEN"
    return str(settings.POLYPHEMUS_URL)


@pytest.fixture
def sign_in(browser_context: BrowserContext, janus_keys: KeyPair) -> Callable[[str], None]:
    """Gives the browser the cookie that Janus would."""

    def set_cookie(perm: str) -> None:
        token = mint(janus_keys.private, email="dr.who@ucsf.edu", perm=perm)
        cookie = {"name": "JANUS_TOKEN", "value": token, "domain": f".{DOMAIN}", "path": "/"}
        browser_context.add_cookies([{**cookie, "sameSite": "Strict"}])  # type: ignore[typeddict-item]  # built in two steps

    return set_cookie


@pytest.fixture
def embed(timur: Site, polyphemus: str, sign_in: Callable[[str], None], page: Page) -> Callable[..., Page]:
    """Opens the host page with something of ours in it, signed in."""

    def open_page(body: str = "", *, path: str = RECORD, query: str = "", perm: str = "E:dt_lung") -> Page:
        sign_in(perm)
        timur.head = f'<script type="module" src="{polyphemus}/widgets/v1/embed.js{query}"></script>'
        timur.body = body
        page.goto(timur.url + path)
        return page

    return open_page
