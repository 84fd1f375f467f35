"""A review of orphans inside a page like Timur's, from the ticked record to what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from orphans.models import Orphan, Review
from orphans.states import Cause, OrphanStatus, ReviewStatus
from tests.browser.pictures import picture
from tests.browser.sites import Certificate
from tests.browser.timur.site import Site
from tests.browser.widgets.lost import LOST, PROJECT, polyphemus_reading

pytestmark = pytest.mark.browser

Embed = Callable[..., Page]
ELEMENT = f'<polyphemus-orphans project="{PROJECT}" limit="10"></polyphemus-orphans>'
GERMAN = ELEMENT.replace(" limit", ' lang="de" limit')
HOSTILE = '<img src=x onerror="window.told.push([`hacked`])"> \u202egnp.sj'
ACTIONS = "told.filter(([name]) => name === 'action').map(([, {kind, state}]) => `${kind} ${state}`)"
#: Nothing else refers to what hangs below it.
ONE = LOST[-1]


@pytest.fixture
def polyphemus(transactional_db: None, certificate: Certificate, timur: Site) -> Iterator[str]:
    with polyphemus_reading(certificate, timur.url) as url:
        yield url


def orphan(record: str = ONE) -> Orphan:
    return Orphan.objects.get(record=record)


def axed(page: Page) -> list[str]:
    """What axe finds inside our element."""
    found = Axe().run(page, context=["polyphemus-orphans"])
    return [violation["id"] for violation in found.response["violations"]]


def begun(page: Page, *records: str) -> Locator:
    """The element with a review of some records open."""
    element = page.locator("polyphemus-orphans")
    for record in records or (ONE,):
        element.get_by_label(record).check()
    element.get_by_role("button", name="Review the ticked ones").click()
    expect(element.get_by_role("heading", level=3)).to_contain_text("Review of")
    return element


class TestList:
    def test_it_says_which_and_why_and_since_when(self, embed: Embed, polyphemus: str) -> None:
        Orphan.objects.filter(record=ONE).update(
            cause=Cause.PARENT_CLEARED, former_parent="DTL009", appeared_by="a@ucsf.edu"
        )
        page = embed(ELEMENT)

        element = page.locator("polyphemus-orphans")
        expect(element).to_contain_text(f"sample: {Cause.PARENT_CLEARED.label}")
        row = element.locator("li", has_text=ONE)
        expect(row).to_contain_text("by a@ucsf.edu")
        expect(row).to_contain_text("formerly under DTL009")
        expect(row).to_contain_text("since")
        picture(page, "widget-orphans-list")
        assert axed(page) == []

    def test_a_viewer_reads_and_decides_nothing(self, embed: Embed, polyphemus: str) -> None:
        page = embed(ELEMENT, perm=f"v:{PROJECT}")

        element = page.locator("polyphemus-orphans")
        expect(element).to_contain_text(ONE)
        expect(element).to_contain_text("Editors of the project review them.")
        expect(element.get_by_role("checkbox")).to_have_count(0)
        expect(element.get_by_role("button")).to_have_count(0)
        picture(page, "widget-orphans-viewer")
        assert axed(page) == []

    def test_a_guest_is_shown_nothing(self, embed: Embed, polyphemus: str) -> None:
        page = embed(ELEMENT, perm=f"g:{PROJECT}")
        page.wait_for_function("told.some(([name]) => name === 'error')")

        expect(page.locator("polyphemus-orphans")).to_be_hidden()

    def test_some_are_shown_and_the_rest_on_request(self, embed: Embed, polyphemus: str) -> None:
        page = embed(ELEMENT.replace("10", "1"))
        rows = page.locator("polyphemus-orphans li")
        expect(rows).to_have_count(1)
        left = Orphan.objects.count() - 1

        page.get_by_role("button", name=f"{left} more").click()

        expect(rows).to_have_count(left + 1)
        expect(page.get_by_role("checkbox").nth(1)).to_be_focused()

    def test_hostile_names_stay_names(self, embed: Embed, polyphemus: str) -> None:
        Orphan.objects.filter(record=ONE).update(
            record=HOSTILE, former_parent=HOSTILE, appeared_by=HOSTILE, model=HOSTILE
        )
        page = embed(ELEMENT)

        element = page.locator("polyphemus-orphans")
        expect(element.locator("bdi.record").first).to_be_visible()
        expect(element.locator("h4 bdi", has_text=HOSTILE)).to_be_visible()
        assert element.locator("img").count() == 0
        assert page.evaluate("told.map(([name]) => name)") == ["loaded"]

    def test_nothing_ticked_is_said_and_nothing_begun(self, embed: Embed, polyphemus: str) -> None:
        page = embed(ELEMENT)
        page.get_by_role("button", name="Review the ticked ones").click()

        expect(page.locator("polyphemus-orphans .refusal")).to_have_text("Tick at least one.")
        assert not Review.objects.exists()


class TestReview:
    def test_an_editor_keeps_one_with_a_reason(self, embed: Embed, polyphemus: str) -> None:
        page = embed(ELEMENT, perm=f"E:{PROJECT}")
        element = begun(page)
        expect(element.get_by_role("heading", name="Review of 1 record")).to_be_focused()
        expect(element).to_contain_text("Admins of the project can remove them.")
        expect(element.get_by_role("radio", name="Remove them")).to_have_count(0)
        picture(page, "widget-orphans-review-editor")
        assert axed(page) == []

        element.get_by_label("Why").fill("control")
        element.get_by_role("button", name="Decide", exact=True).click()

        expect(element.get_by_role("status")).to_have_text("Done.")
        picture(page, "widget-orphans-done")
        assert axed(page) == []
        assert (orphan().status, orphan().reason) == (OrphanStatus.KEPT, "control")
        assert page.evaluate(ACTIONS) == [
            "review requested",
            "review confirmed",
            "keep requested",
            "keep confirmed",
        ]

    def test_what_the_api_refuses_is_told_and_nothing_typed_is_lost(
        self, embed: Embed, polyphemus: str
    ) -> None:
        page = embed(ELEMENT)
        element = begun(page)
        element.get_by_role("button", name="Decide", exact=True).click()
        expect(element.locator(".refusal")).to_have_text("That did not work: Say why these are kept.")
        element.get_by_label("Decide later").check()
        element.get_by_label("Why").fill("on holiday")

        element.get_by_role("button", name="Decide", exact=True).click()

        expect(element.locator(".refusal")).to_contain_text("Say until when, in the future.")
        expect(element.get_by_label("Why")).to_have_value("on holiday")
        element.get_by_label("Until when").fill("2100-01-01")
        element.get_by_role("button", name="Decide", exact=True).click()
        expect(element.get_by_role("status")).to_have_text("Done.")
        assert orphan().status == OrphanStatus.LATER

    def test_an_admin_removes_by_typing_exactly_how_many(self, embed: Embed, polyphemus: str) -> None:
        page = embed(ELEMENT, perm=f"A:{PROJECT}")
        element = begun(page)
        review = Review.objects.get()
        expect(element).to_contain_text(f"{review.records} record")
        element.get_by_role("radio", name="Remove them").check()
        expect(element).to_contain_text("A copy is made first")
        typed = element.get_by_label(f"type: {review.confirmation}")
        typed.fill(f"remove {review.records + 1}")
        element.get_by_role("button", name="Decide", exact=True).click()

        expect(element.locator(".refusal")).to_contain_text(f"Type “{review.confirmation}”")
        picture(page, "widget-orphans-refused")
        assert axed(page) == []
        assert orphan().status == OrphanStatus.OPEN
        typed.fill(review.confirmation)
        typed.press("Enter")

        expect(element.get_by_role("status")).to_have_text("A copy is made first, then they are removed.")
        picture(page, "widget-orphans-approved")
        assert orphan().status == OrphanStatus.LEAVING
        assert Review.objects.get().status == ReviewStatus.APPROVED
        Review.objects.update(status=ReviewStatus.REMOVING)
        element.get_by_role("button", name="Look again").click()
        expect(element.get_by_role("status")).to_have_text("Being copied and removed.")
        assert axed(page) == []

    def test_back_decides_nothing_and_calls_the_review_off(self, embed: Embed, polyphemus: str) -> None:
        page = embed(ELEMENT)
        element = begun(page, *LOST)
        element.get_by_role("button", name="Back, decide nothing").click()

        expect(element.get_by_label(ONE)).not_to_be_checked()
        expect(element.get_by_role("heading", level=3)).to_be_focused()
        expect(element.locator("li", has_text=ONE)).to_contain_text("record")
        assert Review.objects.get().status == ReviewStatus.CANCELLED
        assert orphan().status == OrphanStatus.OPEN

    def test_two_clicks_begin_one_review(self, embed: Embed, polyphemus: str) -> None:
        page = embed(ELEMENT)
        page.get_by_label(ONE).check()
        page.get_by_role("button", name="Review the ticked ones").dblclick()

        expect(page.get_by_role("heading", name="Review of 1 record")).to_be_visible()
        assert Review.objects.count() == 1

    def test_parents_are_given_on_the_reviews_page(self, embed: Embed, polyphemus: str) -> None:
        page = embed(ELEMENT)
        element = begun(page)

        door = element.get_by_role("link", name="Give them parents instead").get_attribute("href")
        assert door == f"{polyphemus}/{PROJECT}/orphans/reviews/{Review.objects.get().pk}"

    def test_the_whole_way_goes_by_keyboard(self, embed: Embed, polyphemus: str) -> None:
        page = embed(ELEMENT)
        element = page.locator("polyphemus-orphans")
        element.get_by_label(ONE).focus()
        page.keyboard.press("Space")
        until_focused(page, element.get_by_role("button", name="Review the ticked ones"))
        page.keyboard.press("Enter")
        expect(element.get_by_role("heading", name="Review of 1 record")).to_be_focused()
        until_focused(page, element.get_by_label("Why"))
        page.keyboard.type("control")
        until_focused(page, element.get_by_role("button", name="Decide", exact=True))
        page.keyboard.press("Enter")
        expect(element.get_by_role("heading", name="Review of 1 record")).to_be_focused()
        until_focused(page, element.get_by_role("button", name="Back to the list"))
        page.keyboard.press("Enter")

        expect(element.get_by_role("heading", level=3)).to_be_focused()
        assert orphan().status == OrphanStatus.KEPT

    def test_it_speaks_german_too(self, embed: Embed, polyphemus: str) -> None:
        page = embed(GERMAN, perm=f"A:{PROJECT}")
        element = page.locator("polyphemus-orphans")
        element.get_by_label(ONE).check()
        element.get_by_role("button", name="Angekreuzte durchsehen").click()
        element.get_by_label("Nach einer Kopie entfernen").check()

        expect(element.get_by_label("Zum Entfernen eingeben: remove")).to_be_visible()
        picture(page, "widget-orphans-german")
        assert axed(page) == []


class TestTwoPeople:
    @pytest.fixture
    def polyphemus(self, transactional_db: None, certificate: Certificate, timur: Site) -> Iterator[str]:
        with polyphemus_reading(certificate, timur.url, POLYPHEMUS_REMOVAL_NEEDS_TWO="1") as url:
            yield url

    def test_a_removal_that_needs_two_says_so_before_and_after(self, embed: Embed, polyphemus: str) -> None:
        page = embed(ELEMENT, perm=f"A:{PROJECT}")
        element = begun(page)
        element.get_by_role("radio", name="Remove them").check()
        warned = "Somebody else has to agree before anything is removed."
        expect(element.get_by_text(warned)).to_be_visible()
        element.get_by_label("type: remove").fill(Review.objects.get().confirmation)
        picture(page, "widget-orphans-removal")
        assert axed(page) == []
        element.get_by_role("button", name="Decide", exact=True).click()

        expect(element.get_by_role("status")).to_have_text(warned)
        picture(page, "widget-orphans-proposed")
        assert Review.objects.get().status == ReviewStatus.PROPOSED


def until_focused(page: Page, wanted: Locator) -> None:
    """Press Tab until something has the focus."""
    for _ in range(40):
        if wanted.evaluate("(one) => one === one.getRootNode().activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("It can't be reached by Tab.")


def test_what_is_typed_is_never_sent_anywhere_else(embed: Embed, polyphemus: str) -> None:
    page = embed(ELEMENT)
    asked: list[tuple[str, dict[str, Any]]] = []
    page.on("request", lambda request: asked.append((request.url, request.headers)))
    element = begun(page)
    element.get_by_label("Why").fill("control")
    element.get_by_role("button", name="Decide", exact=True).click()
    expect(element.get_by_role("status")).to_have_text("Done.")

    posts = [(url, headers) for url, headers in asked if "x-polyphemus-client" in headers]
    assert len({headers["idempotency-key"] for _, headers in posts}) == len(posts) > 1
    calls = {url for url, _ in asked} - {f"{polyphemus}/widgets/v1/review.js"}  # the screens themselves
    assert all(url.startswith(f"{polyphemus}/api/v1/reviews") for url in calls)
