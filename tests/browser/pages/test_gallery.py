"""Every page, with something of everything on it: no fault, no noise, no sideways scrolling."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from polyphemus_site.mail.models import Notice
from polyphemus_site.mail.subscriptions import one_click_url
from tests.browser import lively
from tests.browser.conftest import SignIn
from tests.browser.pictures import picture

pytestmark = [pytest.mark.browser, pytest.mark.journey, pytest.mark.django_db(transaction=True)]

PLACES = {
    "projects": "/",
    "project": "/labors/",
    "suggestions": "/labors/suggestions",
    "suggestion": "/labors/suggestions/{suggestion}",
    "waiting": "/labors/waiting",
    "explain": "/labors/explain",
    "scans": "/labors/scans",
    "shadows": "/labors/shadows",
    "usefulness": "/labors/usefulness",
    "settings": "/labors/settings",
    "requests": "/labors/requests",
    "analysts": "/labors/analysts",
    "request_new": "/labors/requests/labors_10_pair",
    "request_running": "/labors/requests/labors_7_running",
    "request_late": "/labors/requests/labors_7_late",
    "request_deferred": "/labors/requests/labors_7_deferred",
    "request_done": "/labors/requests/labors_6_done",
    "analyses": "/labors/analyses",
    "configure": "/labors/configure?analysis=exome_pipe",
    "configure_suggestion": "/labors/suggestions/{suggestion}/configure",
    "orphans": "/labors/orphans",
    "mail": "/-/mail",
    "mail_previews": "/-/mail/previews",
    "mail_preview": "/-/mail/previews/digest",
    "mail_stop": "/-/mail/stop/{stop}",
    "api_docs": "/api/v1/docs",
    "empty_project": "/ipi/",
    "empty_suggestions": "/ipi/suggestions",
    "refusal": "/ipi/settings",
    "missing": "/of_others/suggestions",
}
#: A screen of 1280 pixels, enlarged four times.
NARROW = 320
STOP = one_click_url(Notice(recipient="dr.who@ucsf.edu", kind="digest")).rpartition("/")[2]


@pytest.fixture
def labors(transactional_db: None) -> lively.Lively:
    return lively.make("labors", datetime.now(UTC))


@pytest.mark.parametrize("name", PLACES)
def test_a_page_has_no_fault_and_needs_no_sideways_scrolling(
    site: str, labors: lively.Lively, browser: BrowserContext, sign_in: SignIn, name: str
) -> None:
    sign_in("a:labors;v:ipi")
    page = browser.pages[0]
    loud = heard(page)

    page.goto(site + PLACES[name].format(suggestion=labors.suggestion.pk, stop=STOP))
    picture(page, f"page-{name}")
    wide = Axe().run(page)
    page.set_viewport_size({"width": NARROW, "height": 900})
    picture(page, f"page-{name}-narrow")
    narrow = Axe().run(page)
    english = page.evaluate("document.documentElement.scrollWidth")
    page.set_extra_http_headers({"Accept-Language": "de"})
    page.reload()
    picture(page, f"page-{name}-narrow-german")

    assert wide.violations_count == 0, wide.generate_report()
    assert narrow.violations_count == 0, narrow.generate_report()
    assert max(english, page.evaluate("document.documentElement.scrollWidth")) <= NARROW
    assert loud == []


@pytest.mark.parametrize("name", ["project", "suggestion", "settings", "request_deferred", "scans"])
def test_a_page_can_be_read_and_used_without_any_script(
    site: str, labors: lively.Lively, browser: BrowserContext, sign_in: SignIn, name: str
) -> None:
    sign_in("a:labors;v:ipi")
    with_script, without = browser.pages[0], browser.new_page()
    without.route("**/*.js", lambda route: route.abort())
    address = site + PLACES[name].format(suggestion=labors.suggestion.pk)

    for page in (with_script, without):
        page.goto(address)

    for page in (with_script, without):
        page.evaluate("document.querySelectorAll('time').forEach((one) => one.remove())")
    assert without.locator("main").inner_text() == with_script.locator("main").inner_text()
    expect(without.locator("form button:visible, table:visible").first).to_be_visible()


def test_signed_out_and_strangers_see_a_page_too(site: str, browser: BrowserContext) -> None:
    page = browser.pages[0]
    loud = heard(page)

    page.goto(f"{site}/-/mail/stop/{STOP}")
    picture(page, "page-unsubscribe-signed-out")

    assert Axe().run(page).violations_count == 0
    assert loud == []


def heard(page: Page) -> list[str]:
    """Errors of scripts, and complaints of the page's own policy."""
    loud: list[str] = []
    page.on("pageerror", lambda error: loud.append(str(error)))
    page.on("console", lambda message: loud.append(message.text) if "Policy" in message.text else None)
    return loud


def test_a_mails_html_is_shown_beside_its_text(
    site: str, labors: lively.Lively, browser: BrowserContext, sign_in: SignIn
) -> None:
    sign_in("a:labors")
    page = browser.pages[0]

    page.goto(f"{site}/-/mail/previews/digest")

    expect(page.frame_locator("iframe").get_by_role("link", name="All of it")).to_be_visible()
    picture(page, "page-mail-preview-with-frame")
