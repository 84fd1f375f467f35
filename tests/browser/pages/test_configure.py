"""Configuring a pipeline as people do it: with a script and without, and nothing typed is ever lost."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from dispatch.configuring.models import ConfigurationVersion
from dispatch.configuring.services import configurations
from loaders.models import Suggestion
from tests.browser.conftest import SignIn
from tests.browser.pictures import picture
from tests.dispatch.configuring.conftest import SAREK, SAREK_WITH_SHEET, hold
from tests.dispatch.configuring.test_configurations import PARAMS, keeping
from tests.polyphemus_site.home import rows
from tests.polyphemus_site.test_configure import NAMES, ROWS

pytestmark = [pytest.mark.browser, pytest.mark.journey, pytest.mark.django_db(transaction=True)]
NOW = datetime.now(UTC)
#: What sticks out at the right, outside of what may be scrolled by itself.
WIDE = """[...document.querySelectorAll("main *")]
  .filter((one) => one.getBoundingClientRect().right > innerWidth && !one.closest(".scroll, .sheet"))
  .map((one) => one.outerHTML.slice(0, 200))"""
#: Where the suggestion below leads.
PUBLISHED = "/labors/requests/labors_DTL001_exome_pipe"


@pytest.fixture
def suggestion(transactional_db: None) -> Suggestion:
    """Offered, with rows for sarek's sheet."""
    hold("exome_pipe", SAREK_WITH_SHEET, now=NOW)
    config = {"inputs": NAMES, "params": {"wes": True}, "rows": ROWS}
    made = rows.suggestion("DTL001", now=NOW, config=config, members={"DTL001": "f"})
    made.save()
    return made


@pytest.fixture
def form(site: str, suggestion: Suggestion, browser: BrowserContext, sign_in: SignIn) -> Page:
    """The form of that suggestion, before an editor."""
    sign_in("e:labors")
    page = browser.pages[0]
    page.goto(f"{site}/labors/suggestions/{suggestion.pk}")
    page.get_by_role("link", name="Configure and request").click()
    expect(page.get_by_role("heading", name="Configure exome_pipe")).to_be_visible()
    return page


def previewed(page: Page) -> Any:
    return json.loads(page.locator("#preview").inner_text())


def published(page: Page) -> Any:
    """The config of the request on this page."""
    return json.loads(page.locator("pre").first.inner_text())["config"]


def requested(page: Page, site: str) -> int:
    """How many requests there are."""
    page.goto(f"{site}/labors/requests")
    return page.locator("tbody tr").count()


def offences(page: Page) -> list[str]:
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
    return [
        f"{violation['id']}: {node['html']}"
        for violation in found.response["violations"]
        for node in violation["nodes"]
    ]


class TestWithAScript:
    def test_what_is_typed_is_previewed_at_once(self, form: Page) -> None:
        form.get_by_label("outdir", exact=True).fill("metis://labors/calls")
        form.get_by_label("wes", exact=True).uncheck()

        expect(form.locator("#preview")).to_contain_text("metis://labors/calls")
        expect(form.locator("#preview")).not_to_contain_text("wes")
        assert previewed(form)["params"] == {"step": "mapping", "outdir": "metis://labors/calls"}
        assert previewed(form)["inputs"] == ROWS
        picture(form, "configure-with-a-script")

    def test_only_what_is_changed_is_shown_on_demand(self, form: Page) -> None:
        form.get_by_label("Only what is changed").check()
        shown = form.locator(".control:visible")
        expect(shown).to_have_count(2)  # step must be told, wes came with the records
        form.get_by_label("Only what is changed").uncheck()
        form.locator("summary", has_text="Variant Calling").first.click()
        form.get_by_label("ascat_ploidy", exact=True).fill("2.5")

        form.get_by_label("Only what is changed").check()

        expect(form.get_by_label("ascat_ploidy", exact=True)).to_be_visible()
        expect(form.get_by_role("heading", name="Variant Calling 25 parameters · 1 changed")).to_be_visible()
        picture(form, "configure-only-changed")

    def test_what_is_rarely_used_is_hidden_until_asked_for(self, form: Page) -> None:
        panel = form.locator(".panel", has=form.get_by_role("heading", name="Institutional config options"))
        expect(panel).to_be_hidden()

        form.get_by_label("Also what is rarely used").check()

        expect(panel).to_be_visible()

    def test_a_double_click_publishes_once(self, form: Page, site: str) -> None:
        form.get_by_label("outdir", exact=True).fill("out")

        form.get_by_role("button", name="Request this analysis").dblclick()

        expect(form).to_have_url(f"{site}{PUBLISHED}")
        assert requested(form, site) == 1

    def test_back_again_all_is_there_and_sent_again_it_is_no_second_request(
        self, form: Page, site: str
    ) -> None:
        form.get_by_label("outdir", exact=True).fill("out")
        form.get_by_role("button", name="Request this analysis").click()
        expect(form.get_by_text("Published as")).to_be_visible()

        form.go_back()
        expect(form.get_by_label("outdir", exact=True)).to_have_value("out")
        form.get_by_role("button", name="Request this analysis").click()

        expect(form.get_by_role("alert").or_(form.get_by_text("Your choices")).first).to_be_visible()
        assert requested(form, site) == 1

    def test_the_page_asks_for_nothing_the_policy_forbids(self, form: Page) -> None:
        told: list[str] = []
        form.on("console", lambda message: told.append(message.text) if message.type == "error" else None)
        form.on("pageerror", lambda error: told.append(str(error)))

        form.reload()
        form.get_by_label("outdir", exact=True).fill("out")
        expect(form.locator("#preview")).to_contain_text("out")

        assert told == []


def test_a_session_that_ends_in_mid_form_loses_nothing(
    form: Page, browser: BrowserContext, sign_in: SignIn
) -> None:
    form.get_by_label("outdir", exact=True).fill("metis://labors/calls")
    form.get_by_label("tools", exact=True).fill("mutect2")
    browser.clear_cookies(name="JANUS_TOKEN")
    form.get_by_role("button", name="Request this analysis").click()
    expect(form.get_by_role("heading", name="Your session has ended")).to_be_visible()

    sign_in("e:labors")
    form.get_by_role("button", name="Send again").click()

    expect(form.get_by_text("Published as")).to_be_visible()
    assert published(form) == {
        "project": "labors",
        "inputs": ROWS,
        "params": {"step": "mapping", "outdir": "metis://labors/calls", "wes": True, "tools": "mutect2"},
    }


class TestByKeyboard:
    def test_enter_checks_and_publishes_nothing_and_the_summary_leads_to_the_field(
        self, form: Page, site: str
    ) -> None:
        form.get_by_label("tools", exact=True).fill("no_such_tool")
        form.get_by_label("tools", exact=True).press("Enter")

        expect(form.get_by_role("alert")).to_contain_text("2 things to mend")
        picture(form, "configure-with-faults")
        form.get_by_role("link", name="outdir: This is needed.").press("Enter")
        form.keyboard.type("out")

        expect(form.get_by_label("outdir", exact=True)).to_have_value("out")
        assert requested(form, site) == 0

    def test_nothing_axe_finds_fault_with(self, form: Page) -> None:
        form.get_by_label("Also what is rarely used").check()
        form.locator("details").evaluate_all("all => all.forEach(one => (one.open = true))")

        assert offences(form) == []

        form.set_viewport_size({"width": 400, "height": 900})
        assert form.evaluate(WIDE) == []
        assert form.evaluate("document.documentElement.scrollWidth") <= 400
        form.get_by_role("button", name="Check").click()
        expect(form.get_by_role("alert")).to_be_visible()
        assert offences(form) == []


@pytest.fixture
def version(transactional_db: None) -> ConfigurationVersion:
    """The second version of a configuration."""
    hold("sarek", SAREK, now=NOW)
    first = configurations.keep(keeping(params=PARAMS | {"wes": True}, comment="For exomes."), now=NOW)
    return configurations.keep(
        keeping(params=PARAMS | {"tools": "mutect2"}, origin=first, comment="Genomes."), now=NOW
    )


def test_from_a_version_to_a_new_one_and_back(
    site: str, version: ConfigurationVersion, browser: BrowserContext, sign_in: SignIn
) -> None:
    sign_in("e:labors")
    page = browser.pages[0]
    page.goto(f"{site}/labors/analyses")
    assert offences(page) == []
    picture(page, "configure-analyses")
    page.get_by_role("link", name="usual").click()
    page.get_by_role("link", name="Start from this").click()
    page.get_by_label("tools", exact=True).fill("strelka")
    expect(page.locator("#differences")).to_contain_text("strelka")
    page.get_by_role("button", name="Only keep the parameters").click()
    expect(page.get_by_text("Kept as version 3.")).to_be_visible()

    page.get_by_role("button", name="Restore version 1").click()

    expect(page.get_by_text("Version 4 is the latest now.")).to_be_visible()
    page.get_by_role("link", name="What changed in version 4").click()
    expect(page.locator(".differences")).to_contain_text("strelka")
    assert offences(page) == []
    picture(page, "configure-versions")


def test_without_a_script_the_form_does_all_of_it(
    site: str, suggestion: Suggestion, browser: BrowserContext, sign_in: SignIn
) -> None:
    sign_in("e:labors")
    page = browser.pages[0]
    page.route("**/static/**/*.js", lambda route: route.abort())
    page.goto(f"{site}/labors/suggestions/{suggestion.pk}/configure")
    page.get_by_label("outdir", exact=True).fill("out")
    page.get_by_label("Use row 1").uncheck()
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#preview")).to_contain_text('"outdir": "out"')
    page.get_by_label("Only what is changed").check()
    expect(page.get_by_label("ascat_ploidy", exact=True)).to_be_hidden()

    page.get_by_role("button", name="Request this analysis").click()

    expect(page.get_by_text("Published as")).to_be_visible()
    assert published(page)["inputs"] == ROWS[1:]
    picture(page, "configure-published")
