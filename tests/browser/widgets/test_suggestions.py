from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from dispatch.models import AnalysisRequest
from loaders.models import Dismissal, Suggestion
from loaders.services import suggestions as services
from tests.browser.conftest import DOCTOR, WINDOW, SignIn
from tests.browser.timur.site import Site
from tests.browser.widgets.conftest import RECORD
from tests.loaders.rows import suggested

pytestmark = pytest.mark.browser

Embed = Callable[..., Page]
CARD = '<polyphemus-suggestions project="dt_lung" model="patient" record="DTL001"></polyphemus-suggestions>'
HOSTILE = '<img src=x onerror="window.told.push([`hacked`])"> \u202egnp.sj'


@pytest.fixture
def suggestion(polyphemus: str) -> Suggestion:
    return suggested("DTL001", datetime.now(UTC))


def test_a_suggestion_says_what_and_why(embed: Embed, suggestion: Suggestion, polyphemus: str) -> None:
    page = embed(CARD)

    card = page.locator("polyphemus-suggestions li")
    expect(card).to_contain_text("exome_pipe for DTL001")
    expect(card).to_contain_text(suggestion.reason)
    why = card.get_by_role("link", name="Why?").get_attribute("href")
    assert why == f"{polyphemus}/dt_lung/suggestions/{suggestion.pk}"


def test_accepting_asks_first_and_publishes_the_request(embed: Embed, suggestion: Suggestion) -> None:
    page = embed(CARD)
    page.get_by_role("button", name="Request this analysis").click()
    expect(page.get_by_role("button", name="Yes, request it")).to_be_focused()

    page.keyboard.press("Enter")

    link = page.get_by_role("link", name="Requested. See the request")
    expect(link).to_be_visible()
    request = AnalysisRequest.objects.get()
    assert (link.get_attribute("href") or "").endswith(f"/dt_lung/requests/{request.name}")
    assert request.requester == "dr.who@ucsf.edu"
    states = page.evaluate("told.filter(([name]) => name === 'action').map(([, detail]) => detail.state)")
    assert states == ["requested", "confirmed"]


def test_saying_no_asks_nothing(embed: Embed, suggestion: Suggestion) -> None:
    page = embed(CARD)
    page.get_by_role("button", name="Request this analysis").click()
    page.get_by_role("button", name="No, leave it").click()

    expect(page.get_by_role("button", name="Request this analysis")).to_be_focused()
    assert not AnalysisRequest.objects.exists()


def test_not_now_hides_it_from_this_person_alone(embed: Embed, suggestion: Suggestion) -> None:
    page = embed(CARD)
    page.get_by_role("button", name="Not now").click()

    expect(page.locator("polyphemus-suggestions")).to_contain_text("Hidden until the data change.")
    assert Dismissal.objects.get().person == "dr.who@ucsf.edu"
    page.reload()
    page.wait_for_function("told.length")
    expect(page.locator("polyphemus-suggestions")).to_be_hidden()


@pytest.mark.parametrize("perm", ["g:dt_lung", "v:dt_lung", "v:administration"])
def test_who_may_not_request_it_is_told_who_may(embed: Embed, suggestion: Suggestion, perm: str) -> None:
    page = embed(CARD, perm=perm)

    card = page.locator("polyphemus-suggestions li")
    expect(card).to_contain_text("Editors of the project can request it.")
    expect(card.get_by_role("button", name="Request this analysis")).to_have_count(0)
    card.get_by_role("button", name="Not now").click()
    expect(card).to_contain_text("Hidden until the data change.")


@pytest.mark.parametrize("perm", ["e:dt_lung", "a:dt_lung", "e:administration", "a:administration"])
def test_who_may_request_it_can(embed: Embed, suggestion: Suggestion, perm: str) -> None:
    page = embed(CARD, perm=perm)
    page.get_by_role("button", name="Request this analysis").click()
    page.get_by_role("button", name="Yes, request it").click()

    expect(page.get_by_role("link", name="Requested. See the request")).to_be_visible()


def test_restricted_findings_are_for_upper_case_roles_of_that_very_project(
    embed: Embed, polyphemus: str
) -> None:
    suggested("DTL001", datetime.now(UTC), restricted=True)
    page = embed(CARD, perm="a:dt_lung;A:administration")
    page.wait_for_function("told.length")
    expect(page.locator("polyphemus-suggestions")).to_be_hidden()

    embed(CARD, perm="V:dt_lung")

    expect(page.locator("polyphemus-suggestions li")).to_be_visible()


def test_whoever_lost_the_role_meanwhile_is_told_so_and_nothing_is_requested(
    embed: Embed, suggestion: Suggestion, sign_in: SignIn
) -> None:
    page = embed(CARD)
    page.get_by_role("button", name="Request this analysis").click()
    sign_in("v:dt_lung")
    page.get_by_role("button", name="Yes, request it").click()

    expect(page.locator("polyphemus-suggestions")).to_contain_text(
        "That did not work: Only editors and admins of dt_lung may do this."
    )
    assert not AnalysisRequest.objects.exists()


def test_two_clicks_in_a_row_publish_one_request(embed: Embed, suggestion: Suggestion) -> None:
    page = embed(CARD)
    page.get_by_role("button", name="Request this analysis").click()
    page.get_by_role("button", name="Yes, request it").dblclick()

    expect(page.get_by_role("link", name="Requested. See the request")).to_be_visible()
    assert AnalysisRequest.objects.count() == 1


def test_what_somebody_else_requested_first_is_said(embed: Embed, suggestion: Suggestion) -> None:
    page = embed(CARD)
    page.get_by_role("button", name="Request this analysis").click()
    services.accept(suggestion, person="rival@ucsf.edu", now=datetime.now(UTC))
    page.get_by_role("button", name="Yes, request it").click()

    expect(page.locator("polyphemus-suggestions")).to_contain_text("This suggestion is “Accepted”.")


def test_what_failed_can_be_tried_again(
    embed: Embed, suggestion: Suggestion, browser_context: BrowserContext
) -> None:
    page = embed(CARD)
    browser_context.route("**/accept", lambda route: route.abort(), times=1)
    page.get_by_role("button", name="Request this analysis").click()
    page.get_by_role("button", name="Yes, request it").click()
    expect(page.locator("polyphemus-suggestions .refusal")).to_contain_text("That did not work")
    page.get_by_role("button", name="Request this analysis").click()
    page.get_by_role("button", name="Yes, request it").click()

    expect(page.get_by_role("link", name="Requested. See the request")).to_be_visible()
    expect(page.locator("polyphemus-suggestions .refusal")).to_have_count(0)
    assert AnalysisRequest.objects.count() == 1


def test_whoever_is_signed_out_meanwhile_finds_the_door_beside_what_failed(
    embed: Embed, suggestion: Suggestion, sign_in: SignIn, browser_context: BrowserContext
) -> None:
    page = embed(CARD)
    browser_context.clear_cookies()
    page.get_by_role("button", name="Not now").click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    sign_in("E:dt_lung")
    page.get_by_role("button", name="Not now").click()

    expect(page.get_by_role("button", name="not needed")).to_be_visible()
    assert Dismissal.objects.count() == 1


def test_what_react_writes_for_false_and_for_a_number_is_understood(
    embed: Embed, timur: Site, polyphemus: str
) -> None:
    for number in range(5):
        suggested(f"DTL00{number}", datetime.now(UTC))
    about = '{ readonly: false, limit: 2, model: "project" }'
    timur.slots = f'window.SLOTS = {{ "browse-record": ["polyphemus-suggestions", {about}] }}'
    page = embed()

    expect(page.locator("polyphemus-suggestions")).to_have_attribute("readonly", "false")
    expect(page.get_by_role("button", name="Request this analysis")).to_have_count(2)


def test_why_not_may_be_said_afterwards(embed: Embed, suggestion: Suggestion) -> None:
    page = embed(CARD)
    page.get_by_role("button", name="Not now").click()
    page.get_by_role("button", name="done elsewhere").click()

    expect(page.locator("polyphemus-suggestions")).to_contain_text("Thank you.")
    assert Dismissal.objects.get().reason == "Done elsewhere"


def test_readonly_offers_nothing_to_do(embed: Embed, suggestion: Suggestion) -> None:
    page = embed(CARD.replace(" project", " readonly project"))

    expect(page.locator("polyphemus-suggestions li")).to_be_visible()
    expect(page.locator("polyphemus-suggestions").get_by_role("button")).to_have_count(0)


def test_alternatives_share_a_card_and_the_picked_one_is_requested(
    embed: Embed, suggestion: Suggestion
) -> None:
    other = suggested("DTL001", datetime.now(UTC), loader="exome_other", analysis="exome_other")
    page = embed(CARD)
    expect(page.locator("polyphemus-suggestions li")).to_have_count(1)

    page.get_by_label("exome_other").check()
    page.get_by_role("button", name="Request this analysis").click()
    page.get_by_role("button", name="Yes, request it").click()

    expect(page.get_by_role("link", name="Requested. See the request")).to_be_visible()
    assert AnalysisRequest.objects.get().analysis == other.analysis


def test_of_alternatives_the_one_chosen_last_is_picked_already(embed: Embed, suggestion: Suggestion) -> None:
    now = datetime.now(UTC)
    before = suggested("DTL900", now, loader="exome_other", analysis="exome_other")
    services.accept(before, person=DOCTOR, now=now)
    suggested("DTL001", now, loader="exome_other", analysis="exome_other")

    page = embed(CARD)

    expect(page.get_by_label("exome_other")).to_be_checked()


def test_three_are_shown_and_the_rest_on_request(embed: Embed, polyphemus: str) -> None:
    many(5)
    page = embed('<polyphemus-suggestions project="dt_lung"></polyphemus-suggestions>', path="/dt_lung/map")
    cards = page.locator("polyphemus-suggestions li")
    expect(cards).to_have_count(3)

    page.get_by_role("button", name="2 more").click()

    expect(cards).to_have_count(5)


def test_very_many_are_left_to_their_page(embed: Embed, polyphemus: str) -> None:
    many(24)
    page = embed('<polyphemus-suggestions project="dt_lung"></polyphemus-suggestions>', path="/dt_lung/map")

    everything = page.get_by_role("link", name="All of them").get_attribute("href")
    assert everything == f"{polyphemus}/dt_lung/suggestions"


def many(count: int) -> None:
    for number in range(count):
        suggested(f"DTL{100 + number}", datetime.now(UTC) + timedelta(seconds=number))


def test_hostile_words_stay_words(embed: Embed, polyphemus: str) -> None:
    suggested("DTL001", datetime.now(UTC), reason=HOSTILE * 200, analysis="exome_pipe")
    page = embed(CARD)

    expect(page.locator("polyphemus-suggestions .reason")).to_have_text(HOSTILE * 200)
    expect(page.locator("polyphemus-suggestions .reason > bdi")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= WINDOW["width"]
    assert page.locator("polyphemus-suggestions img").count() == 0
    assert page.evaluate("told.map(([name]) => name)") == ["loaded"]


class TestAutomount:
    def test_a_strip_stands_beside_the_records_title(self, embed: Embed, suggestion: Suggestion) -> None:
        page = embed(query="?automount")

        strip = page.locator(".browser > .header > polyphemus-suggestions")
        expect(strip).to_contain_text("1 suggestion")
        strip.get_by_text("1 suggestion").click()
        expect(strip.locator("li")).to_contain_text(suggestion.reason)

    def test_opened_on_a_small_screen_it_is_not_under_timurs_open_drawer(
        self, embed: Embed, suggestion: Suggestion, page: Page
    ) -> None:
        page.set_viewport_size({"width": 1024, "height": 768})
        embed(query="?automount", path="/dt_lung/browse/project/dt_lung")
        page.locator("polyphemus-suggestions").get_by_text("1 suggestion").click()

        hidden = """() => {
            const ours = document.querySelector("polyphemus-suggestions");
            return [...ours.shadowRoot.querySelectorAll(".panel, .panel button, .panel a")].filter((one) => {
                const { right, top, height } = one.getBoundingClientRect();
                return document.elementFromPoint(right - 4, top + height / 2) !== ours;
            }).map((one) => one.outerHTML);
        }"""
        assert page.evaluate(hidden) == []

    def test_nothing_else_on_the_page_moves(self, embed: Embed, suggestion: Suggestion) -> None:
        page = embed(query="?automount")
        expect(page.locator("polyphemus-suggestions")).to_contain_text("1 suggestion")

        assert page.evaluate("shifts") == 0
        assert page.evaluate("document.querySelector('.header').offsetHeight") == 40

    def test_it_follows_timurs_navigation(self, embed: Embed, suggestion: Suggestion) -> None:
        page = embed(query="?automount")
        strip = page.locator("polyphemus-suggestions")
        expect(strip).to_contain_text("1 suggestion")

        page.evaluate("visit('/dt_lung/map')")
        expect(strip).to_have_count(0)
        page.evaluate("visit('/dt_lung/browse/exome/DTL001.exome#files')")
        expect(strip).to_contain_text("1 suggestion")
        page.evaluate("visit('/dt_lung/browse/patient/DTL002')")
        expect(strip).to_be_hidden()
        page.go_back()
        expect(strip).to_contain_text("1 suggestion")

    def test_a_page_built_anew_asks_once_a_minute(self, embed: Embed, suggestion: Suggestion) -> None:
        page = embed(query="?automount")
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        strip = page.locator("polyphemus-suggestions")
        expect(strip).to_contain_text("1 suggestion")
        asked.clear()

        page.evaluate(f"visit('{RECORD}')")

        expect(strip).to_contain_text("1 suggestion")
        assert [url for url in asked if "/api/" in url] == []

    def test_the_drawers_element_is_about_the_project(
        self, embed: Embed, timur: Site, polyphemus: str
    ) -> None:
        suggested("DTL009", datetime.now(UTC))
        page = embed('<polyphemus-suggestions layout="drawer"></polyphemus-suggestions>')

        expect(page.locator("polyphemus-suggestions")).to_contain_text("DTL009")
