"""Real sites on sibling hosts, over TLS with a certificate of our own, for a real, headless Chromium."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection
from playwright.sync_api import BrowserContext

from tests.browser.sites import (
    DEADLINE_SECONDS,
    EVERYWHERE,
    JANUS,
    POLYPHEMUS,
    TIMUR,
    Certificate,
    make_certificate,
    serve_polyphemus,
    serve_site,
)
from tests.browser.timur.site import Site
from tests.polyphemus_site.janus.tokens import public_key, token
from tests.system_packages import program

SignIn = Callable[[str], None]
DOCTOR = "dr.who@ucsf.edu"
DOMAIN = POLYPHEMUS.partition(".")[2]
WINDOW = {"width": 1280, "height": 900}
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    EVERYWHERE,
]


def chromium_path() -> str:
    """Debian's browser."""
    return program("chromium", package="chromium")


@pytest.fixture(scope="module", autouse=True)
def rows_beside_playwright() -> Iterator[None]:
    """Playwright's event loop lives in the test's thread: Django would take every query for one inside it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="session")
def timur_site(certificate: Certificate) -> Iterator[Site]:
    """A page like Timur's own, on its own host."""
    site = Site()
    with serve_site(certificate, site.answer) as port:
        site.url = f"https://{TIMUR}:{port}"
        yield site


@pytest.fixture
def timur(timur_site: Site) -> Site:
    """The same, with nothing in it of the test before."""
    timur_site.clear()
    return timur_site


@pytest.fixture(scope="session")
def web(
    django_db_setup: None,
    certificate: Certificate,
    timur_site: Site,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """The public address of a web process that works on the tests' database and lets Timur embed it."""
    public = tmp_path_factory.mktemp("janus") / "janus.pub"
    public.write_text(public_key())
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    environment = {
        "DATABASE_URL": database.geturl(),
        "POLYPHEMUS_JANUS_PUBLIC_KEY_FILE": str(public),
        "POLYPHEMUS_JANUS_URL": f"https://{JANUS}",
        "POLYPHEMUS_PROJECTS": "labors",
        "POLYPHEMUS_TIMUR_ORIGINS": timur_site.url,
    }
    with serve_polyphemus(certificate, environment) as url:
        yield url
    wait_until_left(str(connection.settings_dict["NAME"]))


def wait_until_left(database: str) -> None:
    """Until the process's sessions are gone: a database somebody else is in can't be dropped."""
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND pid <> %s"
    ours = connection.connection.info.backend_pid if connection.connection else 0
    end = time.monotonic() + DEADLINE_SECONDS
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        while time.monotonic() < end and server.execute(others, [database, ours]).fetchone() != (0,):
            time.sleep(0.1)


def cookie(perm: str, email: str = DOCTOR) -> dict[str, object]:
    """The cookie as Janus sets it: for the domain, secure, strict, and open to scripts."""
    return {
        "name": "JANUS_TOKEN",
        "value": token(email, perm),
        "domain": f".{DOMAIN}",
        "path": "/",
        "secure": True,
        "httpOnly": False,
        "sameSite": "Strict",
    }


def give(context: BrowserContext, perm: str) -> None:
    """Sign the browser in."""
    context.add_cookies([cookie(perm)])  # type: ignore[list-item]  # a plain dictionary is what it wants
