"""Each role does what it may and is refused the rest: at the pages, from Timur's page, and in the admin.

What no button offers is tried all the same, as a script on the page would.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from dispatch.models import AnalysisRequest
from loaders.models import Suggestion
from polyphemus_site.projects.models import ProjectSettings
from tests.browser import lively
from tests.browser.conftest import SignIn
from tests.browser.timur.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.journey, pytest.mark.django_db(transaction=True)]

SEND = """async ([address, fields]) => {
    const secret = document.querySelector("[name=csrfmiddlewaretoken]").value;
    const body = new URLSearchParams({ ...fields, csrfmiddlewaretoken: secret });
    return (await fetch(address, { method: "POST", body })).status;
}"""
CALL = """async ([address, body]) => {
    const headers = { "Content-Type": "application/json", "X-Polyphemus-Client": "1" };
    const how = { method: "POST", credentials: "include", headers, body: JSON.stringify(body) };
    return (await fetch(address, how)).status;
}"""
SETTINGS = {"version": "2", "digest_hour": "5", "digest_zone": "UTC", "most_open_requests": ""}


@dataclass(frozen=True)
class May:
    """What one role gets: statuses of what it tries."""

    dismiss_for_me: int
    dismiss_for_all: int
    accept: int
    snooze: int
    settings: int
    admin: int


OK, NO, GONE = 200, 403, 404
#: 400: an admin's form that lacks the loaders' choices, which proves that it was read.
READ = 400
ROLES: dict[str, May] = {
    "g:labors": May(OK, NO, NO, NO, NO, NO),
    "v:labors": May(OK, NO, NO, NO, NO, NO),
    "e:labors": May(OK, OK, OK, OK, NO, NO),
    "a:labors": May(OK, OK, OK, OK, READ, OK),
    "v:administration": May(OK, NO, NO, NO, NO, OK),
    "e:administration": May(OK, OK, OK, OK, READ, OK),
    "a:administration": May(OK, OK, OK, OK, READ, OK),
    "a:ipi": May(GONE, GONE, GONE, GONE, GONE, OK),
}


@pytest.fixture
def labors(transactional_db: None) -> lively.Lively:
    return lively.make("labors", datetime.now(UTC))


def open_suggestion(anchor: str) -> Suggestion:
    return Suggestion.objects.get(project="labors", loader="exome_pipe", anchor=anchor)


def tried(page: Page, site: str, ids: dict[str, int]) -> May:
    """Send every form there is, whatever the page offers."""
    page.goto(f"{site}/-/mail")

    def send(path: str, **fields: str) -> int:
        status: int = page.evaluate(SEND, [f"/labors/{path}", fields])
        return status

    place = "suggestions/{}/{}"
    return May(
        dismiss_for_me=send(place.format(ids["me"], "dismiss"), **{"for": "me"}),
        dismiss_for_all=send(place.format(ids["all"], "dismiss"), **{"for": "project", "reason": "x"}),
        snooze=send(place.format(ids["snooze"], "snooze")),
        accept=send(place.format(ids["snooze"], "accept")),
        settings=send("settings", **SETTINGS),
        admin=(page.goto(f"{site}/admin/") or pytest.fail("no answer")).status,
    )


@pytest.mark.parametrize("perm", ROLES)
def test_at_the_pages(
    site: str, labors: lively.Lively, browser: BrowserContext, sign_in: SignIn, perm: str
) -> None:
    named = {"me": "LABORS-7", "all": "LABORS-8", "snooze": "LABORS-9"}
    ids = {what: open_suggestion(anchor).pk for what, anchor in named.items()}
    before = AnalysisRequest.objects.count()
    sign_in(perm)

    assert tried(browser.pages[0], site, ids) == ROLES[perm]

    may = ROLES[perm]
    assert AnalysisRequest.objects.count() - before == (may.accept == OK)
    assert open_suggestion("LABORS-8").status == ("dismissed" if may.dismiss_for_all == OK else "open")
    assert ProjectSettings.objects.get().digest_hour == 7


@pytest.mark.parametrize("perm", ROLES)
def test_from_timurs_page(
    site: str, timur: Site, labors: lively.Lively, browser: BrowserContext, sign_in: SignIn, perm: str
) -> None:
    ids = [open_suggestion(anchor).pk for anchor in ("LABORS-7", "LABORS-8", "LABORS-9")]
    sign_in(perm)
    page = browser.pages[0]
    page.goto(f"{timur.url}/labors/browse/patient/LABORS-7")

    def call(pk: int, what: str, body: dict[str, str]) -> int:
        status: int = page.evaluate(CALL, [f"{site}/api/v1/suggestions/{pk}/{what}", body])
        return status

    may = ROLES[perm]
    assert call(ids[0], "dismiss", {"for": "me"}) == may.dismiss_for_me
    assert call(ids[1], "dismiss", {"for": "project", "reason": "x"}) == may.dismiss_for_all
    assert call(ids[2], "accept", {}) == (201 if may.accept == OK else may.accept)


#: perm -> whether rows of the project show in the admin, and whether local accounts can be changed
ADMINS = {"a:labors": True, "v:administration": True, "a:administration": True, "a:ipi": False}


@pytest.mark.parametrize("perm", ADMINS)
def test_in_the_admin(
    site: str, labors: lively.Lively, browser: BrowserContext, sign_in: SignIn, perm: str
) -> None:
    sign_in(perm)
    page = browser.pages[0]

    page.goto(f"{site}/admin/projects/projectsettingsevent/")
    expect(page.locator("#result_list tbody tr")).to_have_count(2 if ADMINS[perm] else 0)
    users = page.goto(f"{site}/admin/auth/user/")
    added = page.goto(f"{site}/admin/projects/projectsettings/add/")

    assert users is not None
    assert added is not None
    assert (users.status, added.status) == (403, 403)


@pytest.mark.parametrize("perm", ["g:labors", "v:labors", "e:labors", "g:administration"])
def test_the_admin_is_closed_to_others_and_says_to_whom_it_is_open(
    site: str, labors: lively.Lively, browser: BrowserContext, sign_in: SignIn, perm: str
) -> None:
    sign_in(perm)
    page = browser.pages[0]

    page.goto(f"{site}/admin/loaders/suggestion/")

    expect(page.get_by_role("heading", name="This part is for project admins")).to_be_visible()


def test_a_viewer_reads_why_and_is_told_who_may_request_it(
    site: str, labors: lively.Lively, browser: BrowserContext, sign_in: SignIn
) -> None:
    sign_in("v:labors")
    page = browser.pages[0]

    page.goto(f"{site}/labors/suggestions/{labors.suggestion.pk}")

    expect(page.get_by_text("both mates of every fastq are there")).to_be_visible()
    expect(page.get_by_text("Editors of the project can request this.")).to_be_visible()
    expect(page.get_by_role("button", name="Request this analysis")).to_have_count(0)
    page.get_by_role("button", name="Dismiss for me").click()
    expect(page).to_have_url(f"{site}/labors/suggestions")


def test_an_editor_requests_it_once_however_often_they_click_and_go_back(
    site: str, labors: lively.Lively, browser: BrowserContext, sign_in: SignIn
) -> None:
    before = AnalysisRequest.objects.count()
    sign_in("e:labors")
    page = browser.pages[0]
    page.goto(f"{site}/labors/suggestions/{labors.suggestion.pk}")

    page.get_by_role("button", name="Request this analysis").dblclick()
    expect(page.get_by_text("It became the request")).to_be_visible()
    page.go_back()
    if page.get_by_role("button", name="Request this analysis").count():
        page.get_by_role("button", name="Request this analysis").click()
        expect(page.get_by_text("This suggestion is “Accepted”.")).to_be_visible()

    assert AnalysisRequest.objects.count() == before + 1


def test_an_admin_switches_a_loader_off_and_its_page_says_so(
    site: str, labors: lively.Lively, browser: BrowserContext, sign_in: SignIn
) -> None:
    sign_in("a:labors")
    page = browser.pages[0]
    page.goto(f"{site}/labors/")
    page.get_by_role("link", name="Settings of this project").click()

    page.get_by_role("group", name="exome_pipe").get_by_label("off").check()
    page.get_by_role("button", name="Keep").click()

    expect(page.get_by_text("Kept. The next scan follows it.")).to_be_visible()
    expect(page.locator(".timeline li").first).to_contain_text("switched off: exome_pipe")
    assert ProjectSettings.objects.get().loaders_off == ["exome_pipe", "verify_md5"]
