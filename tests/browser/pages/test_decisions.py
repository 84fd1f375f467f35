"""Each role does what it may at the pages, and from a mail one comes to a decision."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from http import HTTPStatus

import pytest
from django.db import transaction
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django import Settings

from dispatch.models import AnalysisRequest
from dispatch.services import notices
from dispatch.states import EventKind, RequestStatus
from loaders.models import Suggestion
from polyphemus_site.mail import delivery
from polyphemus_site.mail.models import Notice, Unsubscription
from polyphemus_site.mail.subscriptions import one_click_url
from tests.browser.conftest import SignIn
from tests.browser.sites import WEBMAIL, Certificate, serve_page
from tests.polyphemus_site.home import rows
from tests.polyphemus_site.mail.conftest import serve

pytestmark = [pytest.mark.browser, pytest.mark.journey, pytest.mark.django_db(transaction=True)]


#: What a scanner may do with any address.
SEND_FORM = """(address) => {
    const form = Object.assign(document.createElement("form"), { method: "post", action: address });
    document.body.append(form);
    form.submit();
}"""
BLIND_POST = """([address, type]) => fetch(address, {
    method: "POST", mode: "no-cors", credentials: "include", headers: { "Content-Type": type }, body: "{}",
}).then(() => null)"""
PREFLIGHTED_POST = """(address) => fetch(address, {
    method: "POST", credentials: "include", body: "{}",
    headers: { "Content-Type": "application/json", "X-Polyphemus-Client": "1" },
}).then((answer) => answer.status, (error) => error.name)"""


@pytest.fixture
def deferred(transactional_db: None) -> AnalysisRequest:
    """A request that waits for its requester's choice."""
    now = datetime.now(UTC)
    request = rows.running(
        "dt_lung_tumor_pair", now=now, status=RequestStatus.DEFERRED, wake_at=None, due_stage=""
    )
    request.save()
    return request


@pytest.fixture
def letter(deferred: AnalysisRequest, site: str, settings: Settings) -> str:
    """The mail about it as web mail shows it, sent over SMTP."""
    settings.POLYPHEMUS_URL = site
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    now = datetime.now(UTC)
    with serve() as inbox, transaction.atomic():
        settings.EMAIL_PORT = inbox.port
        notices.owe(deferred, EventKind.DEFERRED, event_id=1, now=now)
        delivery.deliver(now=now)
    _, beside = inbox.mails[0].iter_parts()
    return str(beside.get_content())


def test_from_a_mail_in_web_mail_to_a_decision(
    site: str, letter: str, browser: BrowserContext, sign_in: SignIn, certificate: Certificate
) -> None:
    sign_in("v:labors")
    page = browser.pages[0]

    with serve_page(certificate, letter) as port:
        page.goto(f"https://{WEBMAIL}:{port}/")
        page.locator('a[href*="dt_lung_tumor_pair"]').click()
        expect(page.get_by_text("Until you choose, nothing changes.")).to_be_visible()

        page.get_by_role("button", name="Cancel this request").click()

        expect(page.locator(".badge").first).to_have_text("Ended")
        expect(page).to_have_url(f"{site}/labors/requests/dt_lung_tumor_pair")


def test_opening_every_link_of_a_mail_decides_nothing(
    site: str, letter: str, browser: BrowserContext, sign_in: SignIn, certificate: Certificate
) -> None:
    sign_in("v:labors")
    page = browser.pages[0]

    with serve_page(certificate, letter) as port:
        page.goto(f"https://{WEBMAIL}:{port}/")
        links = page.locator('a[href^="https"]').evaluate_all("links => links.map(link => link.href)")
        opened = [page.goto(link) for link in links]

    page.goto(f"{site}/labors/requests/dt_lung_tumor_pair")
    assert [answer.status for answer in opened if answer] == [200] * len(links)
    expect(page.locator(".badge").first).to_have_text("Handed back to the requester")


def test_a_link_scanner_that_runs_scripts_and_sends_every_form_decides_nothing(
    site: str, deferred: AnalysisRequest, letter: str, browser: BrowserContext
) -> None:
    page = browser.pages[0]
    stop = one_click_url(Notice.objects.get())
    links = [html.unescape(link) for link in re.findall(r'href="(https://polyphemus[^"]+)"', letter)]
    shown: list[int] = []
    page.on(
        "response", lambda answer: shown.append(answer.status) if answer.request.method == "POST" else None
    )

    for link in [*links, f"{links[0]}/cancel", stop]:
        page.goto(stop)
        with page.expect_navigation():
            page.evaluate(SEND_FORM, link)
        for _ in range(page.locator("form").count()):
            with page.expect_navigation():
                page.evaluate("document.forms[0].submit()")

    deferred.refresh_from_db()
    assert len(links) == 2
    assert len(shown) > len(links)
    assert all(status >= HTTPStatus.BAD_REQUEST for status in shown)
    assert deferred.status == RequestStatus.DEFERRED
    assert not Unsubscription.objects.exists()


def test_a_script_of_a_sibling_host_is_refused_although_it_carries_the_cookie(
    site: str, offered: None, browser: BrowserContext, sign_in: SignIn, certificate: Certificate
) -> None:
    sign_in("a:labors")
    page = browser.pages[0]
    address = f"{site}/api/v1/suggestions/{Suggestion.objects.get(anchor='open').pk}"
    statuses: list[int] = []
    page.on("response", lambda answer: statuses.append(answer.status) if "/api/" in answer.url else None)

    with serve_page(certificate, "<p>A page of somebody else's</p>") as port:
        page.goto(f"https://blog.development.local:{port}/")
        for what in ("accept", "dismiss"):
            page.evaluate(BLIND_POST, [f"{address}/{what}", "text/plain"])
        foreseen = page.evaluate(PREFLIGHTED_POST, f"{address}/accept")

    assert statuses[:2] == [HTTPStatus.UNSUPPORTED_MEDIA_TYPE] * 2
    assert foreseen == "TypeError"
    assert not AnalysisRequest.objects.exists()
    assert set(Suggestion.objects.values_list("status", flat=True)) == {"open"}


def test_a_form_of_a_sibling_host_is_refused_although_it_carries_the_cookie(
    site: str,
    deferred: AnalysisRequest,
    browser: BrowserContext,
    sign_in: SignIn,
    certificate: Certificate,
) -> None:
    sign_in("a:labors")
    page = browser.pages[0]
    form = f'<form method="post" action="{site}/labors/requests/{deferred.name}/cancel"><button>Win</button>'

    with serve_page(certificate, form) as port:
        page.goto(f"https://blog.development.local:{port}/")
        with page.expect_response(lambda answer: answer.request.method == "POST") as caught:
            page.get_by_role("button", name="Win").click()

    assert caught.value.status == 403
    page.goto(f"{site}/labors/requests/{deferred.name}")
    expect(page.locator(".badge").first).to_have_text("Handed back to the requester")


#: perm -> suggestions shown, whether they may be requested, whether the admin is offered
ROLES = {
    "g:labors": (1, False, False),
    "v:labors": (1, False, False),
    "V:labors": (2, False, False),
    "e:labors": (1, True, False),
    "a:labors": (1, True, True),
    "v:administration": (1, False, True),
    "a:administration": (1, True, True),
}


@pytest.fixture
def offered(transactional_db: None) -> None:
    """One suggestion for everybody, and one drawn from restricted records."""
    now = datetime.now(UTC)
    Suggestion.objects.bulk_create(
        [rows.suggestion("open", now=now), rows.suggestion("hidden", now=now, restricted=True)]
    )


def shown(page: Page, site: str) -> tuple[int, bool, bool]:
    page.goto(f"{site}/")
    admin = page.get_by_role("link", name="Administration").count() > 0
    page.goto(f"{site}/labors/suggestions")
    buttons = page.get_by_role("button", name="Request this analysis").count() > 0
    return page.locator(".card").count(), buttons, admin


@pytest.mark.usefixtures("offered")
@pytest.mark.parametrize("perm", ROLES)
def test_each_role_sees_and_is_offered_what_it_may(
    site: str, browser: BrowserContext, sign_in: SignIn, perm: str
) -> None:
    sign_in(perm)

    assert shown(browser.pages[0], site) == ROLES[perm]


def test_a_session_that_ends_in_mid_form_loses_nothing(
    site: str, deferred: AnalysisRequest, browser: BrowserContext, sign_in: SignIn
) -> None:
    sign_in("a:labors")
    page = browser.pages[0]
    page.goto(f"{site}/labors/requests/{deferred.name}")
    page.get_by_label("Why").fill("The sample was swapped.")

    browser.clear_cookies(name="JANUS_TOKEN")
    page.get_by_role("button", name="Cancel this request").click()
    expect(page.get_by_role("heading", name="Your session has ended")).to_be_visible()
    sign_in("a:labors")
    page.get_by_role("button", name="Send again").click()

    expect(page.locator(".badge").first).to_have_text("Ended")
    expect(page.get_by_text("The sample was swapped.")).to_be_visible()
