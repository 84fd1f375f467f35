"""No widget says a word that is not among its words: in strange letters nothing plain is left but data."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, Response, Route, expect

from tests.browser import lively
from tests.browser.timur.site import Site
from tests.browser.widgets.test_gallery import OURS, STATES
from tests.marked import Text, marked, plain_words, sentences

pytestmark = pytest.mark.browser

Embed = Callable[..., Page]
GERMAN = Path("static/widgets/v1/words.de.js")
SAID = re.compile(r'(: )"((?:[^"\\]|\\.)*)"')
#: What a page like Timur's is about, and who asks and works there.
DATA = {"dt_lung", "patient", "sample", "LABORS", "LOST", "UTC", "exome", lively.REASON}
EVERYTHING = (
    """(tag) => [...document.querySelectorAll(tag)].map((one) => one.shadowRoot.innerHTML).join(" ")"""
)


def in_strange_letters(route: Route) -> None:
    """The German words as they are served, marked."""
    told = SAID.sub(lambda found: f'{found[1]}"{marked(found[2])}"', GERMAN.read_text(encoding="utf-8"))
    route.fulfill(body=told, content_type="text/javascript", headers={"Access-Control-Allow-Origin": "*"})


@pytest.fixture
def german(polyphemus: str, page: Page) -> set[str]:
    """A browser that is served those; what the API has told it, which the server's own tests look at."""
    lively.make("dt_lung", datetime.now(UTC))
    told: set[str] = set()

    def hear(answer: Response) -> None:
        if "/api/" in answer.url and "json" in answer.headers.get("content-type", ""):
            told.update(sentences(answer.json()))

    page.on("response", hear)
    page.context.route("**/words.de.js", in_strange_letters)
    page.add_init_script("document.documentElement.lang = 'de'")
    return told


def left_plain(page: Page, told: set[str]) -> list[str]:
    texts = [text for tag in OURS for text in Text(page.evaluate(EVERYTHING, tag)).found]
    return plain_words(texts, DATA | told)


@pytest.mark.parametrize("name", STATES)
def test_every_state_speaks_only_its_words(embed: Embed, timur: Site, german: set[str], name: str) -> None:
    state = dict(STATES[name])
    slots = ", ".join(f'"{slot}": ["{tag}", {{ lang: "de" }}]' for slot, tag in state.pop("slots").items())
    timur.slots = f"window.SLOTS = {{ {slots} }}"
    page = embed(**{"path": "/dt_lung/browse/patient/LABORS-7", **state})
    page.wait_for_function("told.some(([name]) => name === 'loaded')")

    assert "ñ" in page.evaluate(EVERYTHING, next(iter(re.findall(r"polyphemus-\w+", slots))))
    assert left_plain(page, german) == []


def test_asking_and_putting_away_do_so_too(embed: Embed, timur: Site, german: set[str]) -> None:
    timur.slots = 'window.SLOTS = { "browse-record": ["polyphemus-suggestions", { lang: "de" }] }'
    page = embed(path="/dt_lung/browse/patient/LABORS-7")
    page.get_by_role("button", name=marked("Diese Analyse in Auftrag geben")).click()
    asking = left_plain(page, german)
    page.get_by_role("button", name=marked("Ja, in Auftrag geben")).click()
    expect(page.get_by_role("link", name=marked("In Auftrag gegeben. Zum Auftrag"))).to_be_visible()
    asked = left_plain(page, german)
    page.evaluate("visit('/dt_lung/browse/patient/LABORS-8')")
    page.get_by_role("button", name=marked("Nicht jetzt")).click()
    expect(page.get_by_role("button", name=marked("nicht nötig"))).to_be_visible()

    assert (asking, asked, left_plain(page, german)) == ([], [], [])
