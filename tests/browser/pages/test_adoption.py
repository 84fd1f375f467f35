"""One click adopts: the update goes from the person's browser to Magma, under the person's own cookie."""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connection
from playwright.sync_api import BrowserContext, expect

from magma.client import Magma
from magma.demo import cross_origin, revisions
from magma.demo.answers import Reply, as_json
from magma.demo.people import Visitor, letters_of
from magma.demo.server import Server, serving
from magma.demo.warehouse import Request, Warehouse
from orphans.models import AuditEntry, Orphan, Review
from orphans.services import discovery
from orphans.states import OrphanStatus, Source
from tests.browser.conftest import SignIn
from tests.browser.pictures import picture
from tests.browser.sites import Certificate, serve_polyphemus
from tests.polyphemus_site.janus.tokens import key_pair, public_key, token

pytestmark = [pytest.mark.browser, pytest.mark.journey, pytest.mark.django_db(transaction=True)]

T = TypeVar("T")
MAGMA = "magma.development.local"
PROJECT, LOST, PARENT = "dt_lung", "DTL007.N1", "DTL007"
DETACHED = {"sample": {name: {"patient": None} for name in (LOST, "DTL008.N1", "DTL009.T1")}}


@dataclass
class Seen:
    """A warehouse that remembers who sent what."""

    warehouse: Warehouse
    updates: list[Request] = field(default_factory=list)
    refuses: bool = False

    def answer(self, request: Request) -> Reply:
        if (request.method, request.path) != ("POST", "/update"):
            return self.warehouse.answer(request)
        self.updates.append(request)
        if self.refuses:
            return cross_origin.answered(
                request, lambda _: as_json({"errors": ["The gods are against it."]}, 422)
            )
        return self.warehouse.answer(request)


@contextmanager
def over_tls(seen: Seen, certificate: Certificate) -> Iterator[str]:
    """The same warehouse as browsers reach it."""
    server = Server(("127.0.0.1", 0), seen.answer)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.certificate, certificate.key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"https://{MAGMA}:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def seen() -> Seen:
    warehouse = Warehouse(public_key())
    warehouse.seed()
    revisions.update(
        warehouse.projects[PROJECT],
        Visitor("a@ucsf.edu", "A", letters_of(f"E:{PROJECT}")),
        {"project_name": PROJECT, "revisions": DETACHED},
        datetime.now(UTC),
    )
    return Seen(warehouse)


@pytest.fixture
def polyphemus(transactional_db: None, seen: Seen, certificate: Certificate) -> Iterator[str]:
    """A web process whose people reach Magma under a name of its own, and which has found an orphan."""
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    with ExitStack() as stack:
        inside = stack.enter_context(serving(seen.answer))
        outside = stack.enter_context(over_tls(seen, certificate))
        reader = token("polyphemus@ucsf.edu", f"V:{PROJECT}")
        magma = Magma(url=inside.url, token=reader)
        stack.callback(magma.close)
        environment = {
            "DATABASE_URL": database.geturl(),
            "POLYPHEMUS_JANUS_PUBLIC_KEY": key_pair()[1],
            "POLYPHEMUS_MAGMA_URL": inside.url,
            "POLYPHEMUS_MAGMA_PUBLIC_URL": outside,
            "POLYPHEMUS_MAGMA_TOKEN": reader,
            "POLYPHEMUS_PROJECTS": PROJECT,
        }
        url = stack.enter_context(serve_polyphemus(certificate, environment))
        discovery.search(magma, PROJECT, source=Source.SWEEP, now=datetime.now(UTC))
        yield url


def beside(look: Callable[[], T]) -> T:
    """Look at rows from a thread of its own: Playwright's loop runs in this one."""

    def looked() -> T:
        try:
            return look()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(looked).result()


def lost() -> Orphan:
    return beside(lambda: Orphan.objects.get(record=LOST))


def test_one_click_gives_it_its_parent_and_shows_that_it_did(
    polyphemus: str, seen: Seen, browser: BrowserContext, sign_in: SignIn
) -> None:
    sign_in(f"E:{PROJECT}")
    page = browser.pages[0]
    page.goto(f"{polyphemus}/dt_lung/orphans/{lost().pk}")

    page.get_by_role("button", name=f"Adopt under {PARENT}").click()

    expect(page.get_by_text("Magma shows every one of them under a parent.")).to_be_visible()
    assert (lost().status, lost().new_parent) == (OrphanStatus.ADOPTED, PARENT)
    (update,) = seen.updates
    assert "JANUS_TOKEN=" in update.headers["Cookie"]
    assert "Authorization" not in update.headers
    line = beside(lambda: AuditEntry.objects.get(action="update sent"))
    assert (line.actor, line.note) == ("dr.who@ucsf.edu", "Magma answered 200.")


def test_a_whole_selection_is_adopted_under_its_likeliest_parents(
    polyphemus: str, seen: Seen, browser: BrowserContext, sign_in: SignIn
) -> None:
    sign_in(f"A:{PROJECT}")
    page = browser.pages[0]
    page.goto(f"{polyphemus}/dt_lung/orphans")
    page.get_by_role("button", name="Review all that are selected").click()
    page.get_by_label("Adopt: give them parents").check()
    page.get_by_label("have likely parents").check()

    page.get_by_role("button", name="Decide").click()

    expect(page.get_by_text("Magma shows every one of them under a parent.")).to_be_visible()
    adopted = beside(lambda: Orphan.objects.filter(status=OrphanStatus.ADOPTED).count())
    assert adopted == beside(lambda: Review.objects.get().items.exclude(parent="").count())
    assert adopted > 1
    assert len(seen.updates) == 1


def test_what_magma_refuses_is_shown_and_can_be_sent_again(
    polyphemus: str, seen: Seen, browser: BrowserContext, sign_in: SignIn
) -> None:
    sign_in(f"E:{PROJECT}")
    page = browser.pages[0]
    seen.refuses = True
    page.goto(f"{polyphemus}/dt_lung/orphans/{lost().pk}")
    page.get_by_role("button", name=f"Adopt under {PARENT}").click()
    expect(page.get_by_text("Magma answered 422. The gods are against it.")).to_be_visible()
    seen.refuses = False

    page.get_by_role("button", name="Send it to Magma from this browser").click()

    expect(page.get_by_text("Magma shows every one of them under a parent.")).to_be_visible()


def test_where_the_browser_can_not_reach_magma_the_body_to_post_is_shown(
    polyphemus: str, seen: Seen, browser: BrowserContext, sign_in: SignIn
) -> None:
    sign_in(f"E:{PROJECT}")
    page = browser.pages[0]
    page.route("**/update", lambda route: route.abort())
    page.goto(f"{polyphemus}/dt_lung/orphans/{lost().pk}")

    page.get_by_role("button", name=f"Adopt under {PARENT}").click()

    expect(page.get_by_text("The browser did not reach Magma.")).to_be_visible()
    page.get_by_text("What to post to Magma's /update").click()
    expect(page.locator("pre")).to_contain_text(f'"patient": "{PARENT}"')
    assert lost().status == OrphanStatus.OPEN


def test_the_pages_of_an_orphan_and_its_review_are_for_everybody(
    polyphemus: str, browser: BrowserContext, sign_in: SignIn
) -> None:
    sign_in(f"A:{PROJECT}")
    page = browser.pages[0]
    page.goto(f"{polyphemus}/dt_lung/orphans")
    page.get_by_role("button", name="Review all that are selected").click()
    found: dict[str, int] = {}
    for name, address in (
        ("review", page.url),
        ("orphan", f"{polyphemus}/dt_lung/orphans/{lost().pk}"),
        ("bundles", f"{polyphemus}/dt_lung/orphans/bundles"),
    ):
        page.goto(address)
        picture(page, f"page-orphans-{name}")
        found[name] = Axe().run(page).violations_count
        page.set_viewport_size({"width": 400, "height": 900})
        found[f"{name}, narrow"] = Axe().run(page).violations_count
        found[f"{name}, sideways"] = max(0, page.evaluate("document.documentElement.scrollWidth") - 400)
        page.set_viewport_size({"width": 1280, "height": 900})

    assert found == dict.fromkeys(found, 0)


def test_opening_a_page_sends_nothing(
    polyphemus: str, seen: Seen, browser: BrowserContext, sign_in: SignIn
) -> None:
    sign_in(f"E:{PROJECT}")
    page = browser.pages[0]

    page.goto(f"{polyphemus}/dt_lung/orphans/{lost().pk}")
    page.wait_for_load_state("networkidle")

    assert seen.updates == []
