"""From a mail to a page, with strict cookies; and pages that everybody can use."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus

import httpx
import pytest
from playwright.sync_api import BrowserContext, expect

from loaders.models import Suggestion
from polyphemus_site.home.readers import subscribe
from polyphemus_site.janus.people import Person
from polyphemus_site.janus.roles import read_permissions
from tests.browser.conftest import SignIn
from tests.browser.sites import POLYPHEMUS, WEBMAIL, Certificate, serve_page
from tests.polyphemus_site.home import rows
from tests.polyphemus_site.janus.tokens import token

pytestmark = [pytest.mark.browser, pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def labors(transactional_db: None) -> None:
    """A project in which something is going on."""
    now = datetime.now(UTC)
    Suggestion.objects.bulk_create([rows.suggestion(name, now=now) for name in ("a", "b", "c")])
    rows.running("dt_lung_tumor_pair", now=now).save()
    rows.ended("done", now=now, after=rows.HOUR).save()
    rows.orphan("LOST-1", now=now).save()
    person = Person("dr.who@ucsf.edu", roles=read_permissions("e:labors"))
    subscribe(person, "labors", hour=8, now=now)


def test_a_page_says_how_it_may_be_used(site: str) -> None:
    port = site.rpartition(":")[2]
    with httpx.Client(verify=False, headers={"Host": POLYPHEMUS}) as client:  # noqa: S501 — our own certificate
        client.cookies.set("JANUS_TOKEN", token("dr.who@ucsf.edu", "e:labors"))
        page = client.get(f"https://127.0.0.1:{port}/-/mail")

    assert page.status_code == HTTPStatus.OK
    assert page.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Frame-Options"] == "DENY"
    given = page.headers["Set-Cookie"]
    assert given.startswith("__Host-csrftoken=")
    assert "SameSite=Strict" in given
    assert "Secure" in given


def test_a_link_in_web_mail_leads_to_the_page_although_the_cookie_is_strict(
    site: str, browser: BrowserContext, sign_in: SignIn, certificate: Certificate
) -> None:
    sign_in("e:labors")
    page = browser.pages[0]

    with serve_page(certificate, f'<a href="{site}/labors/">to the page</a>') as port:
        page.goto(f"https://{WEBMAIL}:{port}/")
        page.get_by_role("link", name="to the page").click()

        expect(page.get_by_role("heading", name="labors", level=1)).to_be_visible()
        expect(page).to_have_url(f"{site}/labors/")


def test_a_stranger_from_web_mail_ends_at_janus_and_not_in_a_circle(
    site: str, browser: BrowserContext, certificate: Certificate
) -> None:
    page = browser.pages[0]
    page.route("https://janus.development.local/**", lambda route: route.fulfill(body="Sign in here"))

    with serve_page(certificate, f'<a href="{site}/labors/">to the page</a>') as port:
        page.goto(f"https://{WEBMAIL}:{port}/")
        page.get_by_role("link", name="to the page").click()

        expect(page.get_by_text("Sign in here")).to_be_visible()


def test_another_site_can_not_show_our_page_in_a_frame(
    site: str, browser: BrowserContext, sign_in: SignIn, certificate: Certificate
) -> None:
    sign_in("e:labors")
    page = browser.pages[0]
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))

    with serve_page(certificate, f'<iframe src="{site}/"></iframe><p>below</p>') as port:
        page.goto(f"https://blog.development.local:{port}/")
        expect(page.get_by_text("below")).to_be_visible()

    assert any("frame-ancestors" in text for text in refused)


@pytest.mark.usefixtures("labors")
def test_times_are_told_in_the_readers_zone_and_exact_on_hover(
    site: str, browser: BrowserContext, sign_in: SignIn
) -> None:
    sign_in("e:labors")
    page = browser.pages[0]

    page.goto(f"{site}/labors/")

    instant = page.locator("time").first
    expect(instant).to_contain_text("in ")
    assert "T08:00:00.000Z" in (instant.get_attribute("title") or "")
