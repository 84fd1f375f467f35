"""What the elements cost their host: requests, bytes, time, and no movement of its page."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.sites import ROOT, Certificate, serve_polyphemus
from tests.browser.timur.site import Site
from tests.browser.widgets.conftest import RECORD
from tests.loaders.rows import suggested

pytestmark = pytest.mark.browser

Embed = Callable[..., Page]
SCRIPTS = Path(__file__).resolve().parents[3] / "static/widgets/v1"
#: All but what comes when it is asked for: the screens of a review, and other languages.
AT_FIRST = {path.name for path in SCRIPTS.glob("*.js")} - {"review.js", "words.de.js"}
#: From the answer's last byte to the frame after the one that shows it, in milliseconds.
PAINTED = """() => new Promise((done) => {
    const settle = () => requestAnimationFrame(() => setTimeout(() => {
        const answered = performance.getEntriesByType("resource").find((one) => one.name.includes("/api/"));
        done(performance.now() - answered.responseEnd);
    }));
    if (told.some(([name]) => name === "loaded")) settle();
    else document.addEventListener("polyphemus:loaded", settle);
})"""


def test_the_scripts_are_small() -> None:
    whole = b"".join((SCRIPTS / name).read_bytes() for name in sorted(AT_FIRST))

    assert len(gzip.compress(whole)) <= 15_000


@pytest.fixture
def deployed(certificate: Certificate, timur_site: Site, tmp_path: Path) -> Iterator[str]:
    """A web process as a lab would run it: with what `collectstatic` has compressed."""
    deployment = {"POLYPHEMUS_STATIC_ROOT": str(tmp_path), "POLYPHEMUS_TIMUR_ORIGINS": timur_site.url}
    # the admin's scripts take ten seconds, and nothing is asked of them here
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0", "--ignore", "admin"]
    subprocess.run(command, cwd=ROOT, env=os.environ | deployment, check=True)  # noqa: S603 — a command of our own
    with serve_polyphemus(certificate, deployment) as url:
        yield url


def test_what_a_host_loads_at_first_is_small_as_it_is_sent(deployed: str, page: Page, timur: Site) -> None:
    timur.head = f'<script type="module" src="{deployed}/widgets/v1/embed.js?automount"></script>'
    sent: dict[str, int] = {}
    page.on("response", lambda one: sent.update({one.url: int(one.headers.get("content-length", 0))}))
    page.goto(timur.url + RECORD)
    page.evaluate("customElements.whenDefined('polyphemus-orphans').then(() => null)")
    page.wait_for_load_state("networkidle")

    ours = {Path(url.partition("?")[0]).name: size for url, size in sent.items() if "/widgets/v1/" in url}
    assert ours.keys() == AT_FIRST
    assert sum(ours.values()) <= 15_000


def test_an_element_asks_one_thing_and_no_leave_for_it(embed: Embed, page: Page, polyphemus: str) -> None:
    suggested("DTL001", datetime.now(UTC))
    asked: list[tuple[str, str]] = []
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.on(
        "Network.requestWillBeSent",
        lambda event: asked.append((event["request"]["method"], event["request"]["url"])),
    )
    embed(query="?automount")
    expect(page.locator("polyphemus-suggestions")).to_contain_text("1 suggestion")

    assert [method for method, url in asked if url.startswith(f"{polyphemus}/api/")] == ["GET"]


def test_its_scripts_are_asked_for_at_once_and_not_step_by_step(embed: Embed) -> None:
    others = AT_FIRST - {"embed.js"}
    page = embed(query="?automount")
    page.evaluate("customElements.whenDefined('polyphemus-orphans').then(() => null)")

    ours = "performance.getEntriesByType('resource').filter((one) => one.name.includes('/widgets/v1/'))"
    asked = page.evaluate(f"{ours}.map((one) => new URL(one.name).pathname.split('/').pop())")
    named = re.findall(r'"\./(\w+\.js)";', (SCRIPTS / "embed.js").read_text())

    assert sorted(asked) == sorted({*others, "embed.js"})
    assert set(named) == others  # a browser asks for all that one file names as soon as it has read it


def test_what_was_answered_is_on_the_screen_within_200_ms(embed: Embed) -> None:
    for number in range(60):
        suggested(f"DTL{100 + number}", datetime.now(UTC))
    body = '<polyphemus-suggestions project="dt_lung" limit="60"></polyphemus-suggestions>'

    # the least of three: what else the machine does meanwhile is no work of ours
    assert min(embed(body, path="/dt_lung/map").evaluate(PAINTED) for _ in range(3)) <= 200


PLACES = {
    "strip": {"query": "?automount", "path": RECORD},
    "drawer": {"path": "/dt_lung/browse/project/dt_lung"},
}


@pytest.mark.parametrize("place", PLACES)
def test_nothing_on_the_hosts_page_moves(embed: Embed, timur: Site, place: str) -> None:
    suggested("DTL001", datetime.now(UTC))
    timur.slots = 'window.SLOTS = { dashboard: ["polyphemus-suggestions"] }'
    page = embed(**PLACES[place])
    expect(page.locator("polyphemus-suggestions").last).to_contain_text(
        "DTL001" if place == "drawer" else "1"
    )

    assert page.evaluate("shifts") == 0


def test_a_slot_in_the_page_moves_nothing_when_timur_builds_it_anew(embed: Embed, timur: Site) -> None:
    suggested("DTL001", datetime.now(UTC))
    timur.slots = 'window.SLOTS = { "browse-record": ["polyphemus-suggestions"] }'
    page = embed()
    expect(page.locator("polyphemus-suggestions li")).to_be_visible()
    page.evaluate("shifts = 0")

    for _ in range(3):
        page.evaluate(f"visit('{RECORD}')")
        expect(page.locator("polyphemus-suggestions li")).to_be_visible()

    assert page.evaluate("shifts") == 0
