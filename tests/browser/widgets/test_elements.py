"""What all three elements promise their host."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.conftest import SignIn
from tests.browser.sites import JANUS, POLYPHEMUS
from tests.browser.timur.site import Site

pytestmark = pytest.mark.browser

Embed = Callable[..., Page]
ELEMENTS = ["polyphemus-suggestions", "polyphemus-requests", "polyphemus-orphans"]
ALL = "".join(f'<{element} project="dt_lung"></{element}>' for element in ELEMENTS)
SCRIPTS = Path(__file__).resolve().parents[3] / "static/widgets/v1"
DOCS = Path(__file__).resolve().parents[3] / "docs/reference/widgets.md"
REQUESTS = '<polyphemus-requests project="dt_lung"></polyphemus-requests>'


def told(page: Page, name: str, count: int = 1) -> list[Any]:
    """What the host was told by events of a name, once there are so many."""
    page.wait_for_function(f"told.filter(([name]) => name === '{name}').length >= {count}")
    details: list[Any] = page.evaluate(
        f"told.filter(([name]) => name === '{name}').map(([, detail]) => detail)"
    )
    return details


def failing(status: int) -> Callable[[Route], None]:
    """An API that answers so; 0 breaks the connection."""
    headers = {"Access-Control-Allow-Origin": "*"}
    return lambda route: route.fulfill(status=status, headers=headers) if status else route.abort()


@pytest.mark.parametrize("status", [404, 500, 0])
def test_elements_that_can_not_work_are_not_seen(
    embed: Embed, browser_context: BrowserContext, status: int
) -> None:
    browser_context.route("**/api/v1/**", failing(status))
    page = embed(ALL)

    assert len(told(page, "error", 3)) == 3
    expect(page.locator(f"{', '.join(ELEMENTS)}").locator("visible=true")).to_have_count(0)


def test_an_api_that_never_answers_is_not_waited_for_longer_than_five_seconds(
    embed: Embed, browser_context: BrowserContext
) -> None:
    browser_context.route("**/api/v1/**", lambda _route: None)
    page = embed(ALL)
    page.wait_for_function("told.length === 3", timeout=8_000)

    assert [detail["status"] for detail in told(page, "error", 3)] == [0, 0, 0]
    expect(page.locator(f"{', '.join(ELEMENTS)}").locator("visible=true")).to_have_count(0)


def test_somebody_elses_project_shows_nothing_of_it(embed: Embed) -> None:
    page = embed(ALL, perm="E:labors")

    assert [detail["status"] for detail in told(page, "error", 2)] == [404, 404]
    assert told(page, "loaded")[0]["count"] == 0


def test_whoever_is_signed_out_is_shown_the_door(timur: Site, polyphemus: str, page: Page) -> None:
    timur.head = f'<script type="module" src="{polyphemus}/widgets/v1/embed.js"></script>'
    timur.body = ALL
    page.goto(f"{timur.url}/dt_lung/map")

    doors = page.get_by_role("link", name="Sign in")
    expect(doors).to_have_count(3)
    expect(page.locator("polyphemus-orphans")).to_contain_text("Your session has ended.")
    back = quote(f"{timur.url}/dt_lung/map", safe="")
    addresses = {door.get_attribute("href") for door in doors.all()}
    assert addresses == {f"{polyphemus}/-/sign-in?back={back}"}


def test_through_the_door_one_comes_back_to_where_one_was(
    timur: Site, polyphemus: str, page: Page, sign_in: SignIn
) -> None:
    def janus(route: Route) -> None:
        sign_in("e:dt_lung")
        refer = parse_qs(urlsplit(route.request.url).query)["refer"][0]
        route.fulfill(status=302, headers={"Location": refer})

    page.route(f"https://{JANUS}/login**", janus)
    timur.head = f'<script type="module" src="{polyphemus}/widgets/v1/embed.js"></script>'
    timur.body = REQUESTS
    page.goto(f"{timur.url}/dt_lung/map")

    page.get_by_role("link", name="Sign in").click()

    expect(page).to_have_url(f"{timur.url}/dt_lung/map")
    expect(page.locator("polyphemus-requests")).to_contain_text("No open requests.")


def test_without_a_project_nothing_is_asked(embed: Embed, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    embed("".join(f"<{element}></{element}>" for element in ELEMENTS), path="/")
    page.wait_for_function("document.querySelector('polyphemus-orphans').hidden")

    assert [url for url in asked if "/api/" in url] == []


def test_a_strict_policy_of_the_host_stops_nothing(embed: Embed, timur: Site, polyphemus: str) -> None:
    sources = f"script-src 'self' {polyphemus}; connect-src {polyphemus}"
    timur.policy = f"default-src 'none'; style-src 'self'; {sources}"
    page = embed(REQUESTS)

    element = page.locator("polyphemus-requests")
    expect(element).to_contain_text("No open requests.")
    expect(element).to_have_css("max-width", "720px")


def test_the_hosts_styles_stay_outside_and_its_colours_come_in_by_name(embed: Embed) -> None:
    style = "--polyphemus-text: rgb(1, 2, 3)"
    page = embed(f'<polyphemus-requests project="dt_lung" style="{style}"></polyphemus-requests>')

    element = page.locator("polyphemus-requests")
    expect(element).to_have_css("color", "rgb(1, 2, 3)")
    expect(element).to_have_css("font-size", "14px")


def test_every_property_that_is_documented_is_used_and_no_other() -> None:
    said = (
        DOCS.read_text(encoding="utf-8")
        .partition("a host sets custom properties:")[2]
        .partition(" The parts")[0]
    )
    documented = {name.removeprefix("--polyphemus") for name in re.findall(r"`(-[\w-]+)`", said)}
    used = re.findall(r"var\(--polyphemus(-[\w-]+)", (SCRIPTS / "look.js").read_text(encoding="utf-8"))

    assert documented == set(used)


@pytest.mark.parametrize(("wish", "seconds"), [("reduce", "0s"), ("no-preference", "0.15s")])
def test_nothing_moves_for_who_wishes_so(embed: Embed, page: Page, wish: Any, seconds: str) -> None:
    page.emulate_media(reduced_motion=wish)
    embed(REQUESTS)
    root = "document.querySelector('polyphemus-requests').shadowRoot"
    page.evaluate(f"{root}.append(document.createElement('button'))")

    assert page.evaluate(f"getComputedStyle({root}.querySelector('button')).transitionDuration") == seconds


def test_an_element_speaks_the_language_it_is_told(embed: Embed) -> None:
    page = embed('<polyphemus-requests project="dt_lung" lang="de-CH"></polyphemus-requests>')

    expect(page.locator("polyphemus-requests")).to_contain_text("Keine offenen Aufträge.")
    expect(page.get_by_role("region", name="Aufträge")).to_be_visible()


def test_every_language_has_every_word() -> None:
    english, german = (
        set(re.findall(r"^  \"?([\w.]+)\"?:", (SCRIPTS / name).read_text(encoding="utf-8"), re.M))
        for name in ("words.js", "words.de.js")
    )

    assert english
    assert german == english


def test_a_language_that_can_not_be_had_is_no_reason_to_say_nothing(
    embed: Embed, browser_context: BrowserContext
) -> None:
    browser_context.route("**/words.de.js", lambda route: route.abort())
    page = embed('<polyphemus-requests project="dt_lung" lang="de"></polyphemus-requests>')

    expect(page.locator("polyphemus-requests")).to_contain_text("No open requests.")


def test_loading_the_script_twice_changes_nothing(embed: Embed, timur: Site, polyphemus: str) -> None:
    again = f'<script type="module" src="{polyphemus}/widgets/v1/embed.js?again"></script>'
    failures: list[str] = []
    page = embed(again + REQUESTS)
    page.on("pageerror", lambda error: failures.append(error.message))
    page.reload()

    expect(page.locator("polyphemus-requests")).to_contain_text("No open requests.")
    assert failures == []


def test_a_host_may_follow_links_in_its_own_way(embed: Embed) -> None:
    page = embed('<polyphemus-orphans project="dt_lung"></polyphemus-orphans>')
    page.wait_for_function("told.length")
    page.evaluate("document.addEventListener('polyphemus:navigate', (event) => event.preventDefault())")
    page.evaluate(
        """() => {
            const root = document.querySelector('polyphemus-orphans').shadowRoot;
            const link = Object.assign(document.createElement('a'), {href: '/elsewhere'});
            root.append(link);
            link.click();
        }"""
    )

    assert page.evaluate("told.at(-1)")[0] == "navigate"
    assert page.url.endswith("/DTL001")


def test_a_link_meant_for_another_tab_is_the_browsers_affair(embed: Embed) -> None:
    page = embed('<polyphemus-orphans project="dt_lung"></polyphemus-orphans>')
    page.wait_for_function("told.length")
    page.evaluate(
        """() => {
            const root = document.querySelector('polyphemus-orphans').shadowRoot;
            const link = Object.assign(document.createElement('a'), {href: '#elsewhere'});
            root.append(link);
            link.dispatchEvent(new MouseEvent('click', {ctrlKey: true, bubbles: true, composed: true}));
        }"""
    )

    assert page.evaluate("told.filter(([name]) => name === 'navigate')") == []


def test_the_lasting_address_can_be_loaded_from_any_page(polyphemus: str) -> None:
    port = polyphemus.rpartition(":")[2]
    with httpx.Client(verify=False, headers={"Host": POLYPHEMUS}) as client:  # noqa: S501 — our own certificate
        answer = client.get(f"https://127.0.0.1:{port}/widgets/v1/embed.js")

    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["ETag"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-site"
