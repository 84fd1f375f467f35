"""A visitor with a browser, before a real Polyphemus."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection
from playwright.sync_api import BrowserContext, sync_playwright

from tests.browser.conftest import ARGUMENTS
from tests.browser.pages.sites import Certificate, make_certificate, serve_polyphemus
from tests.browser.pictures import keep
from tests.polyphemus_site.janus.tokens import public_key, token
from tests.system_packages import program

SignIn = Callable[[str], None]
EVERYWHERE = "--host-resolver-rules=MAP *.development.local 127.0.0.1,MAP *.elsewhere.test 127.0.0.1"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="session")
def web(
    django_db_setup: None, certificate: Certificate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The public address of a web process that works on the tests' database."""
    public = tmp_path_factory.mktemp("janus") / "janus.pub"
    public.write_text(public_key())
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    environment = {
        "DATABASE_URL": database.geturl(),
        "POLYPHEMUS_JANUS_PUBLIC_KEY_FILE": str(public),
        "POLYPHEMUS_JANUS_URL": "https://janus.development.local",
        "POLYPHEMUS_PROJECTS": "labors",
    }
    with serve_polyphemus(certificate, environment) as url:
        yield url


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
            executable_path=program("chromium", package="chromium"),
            headless=True,
            args=[*ARGUMENTS, EVERYWHERE],
            ignore_https_errors=True,
            viewport={"width": 1280, "height": 900},
        )
        yield context
        keep(context, request.node.name)
        context.close()


@pytest.fixture
def sign_in(browser: BrowserContext) -> SignIn:
    """Give the browser the cookie as Janus sets it: for the domain, secure, strict."""

    def give(perm: str) -> None:
        browser.add_cookies(
            [
                {
                    "name": "JANUS_TOKEN",
                    "value": token("dr.who@ucsf.edu", perm),
                    "domain": ".development.local",
                    "path": "/",
                    "secure": True,
                    "httpOnly": False,
                    "sameSite": "Strict",
                }
            ]
        )

    return give
