"""Inside a page like Timur's each role is shown what it may see, and offered what it may do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Locator, Page

from tests.browser import lively
from tests.browser.timur.site import Site

pytestmark = pytest.mark.browser

Embed = Callable[..., Page]
RECORD = "/dt_lung/browse/patient/LABORS-7"
BOTH = '<polyphemus-orphans project="dt_lung"></polyphemus-orphans>'


@dataclass(frozen=True)
class Sight:
    """What an element shows somebody."""

    suggestion: bool
    may_request: bool
    orphans: bool
    may_review: bool


ROLES = {
    "g:dt_lung": Sight(suggestion=True, may_request=False, orphans=False, may_review=False),
    "v:dt_lung": Sight(suggestion=True, may_request=False, orphans=True, may_review=False),
    "e:dt_lung": Sight(suggestion=True, may_request=True, orphans=True, may_review=True),
    "a:dt_lung": Sight(suggestion=True, may_request=True, orphans=True, may_review=True),
    "v:administration": Sight(suggestion=True, may_request=False, orphans=True, may_review=False),
    "e:administration": Sight(suggestion=True, may_request=True, orphans=True, may_review=True),
    "a:administration": Sight(suggestion=True, may_request=True, orphans=True, may_review=True),
    "g:administration": Sight(suggestion=False, may_request=False, orphans=False, may_review=False),
    "a:ipi": Sight(suggestion=False, may_request=False, orphans=False, may_review=False),
}


def offers(element: Locator, name: str) -> bool:
    return element.get_by_role("button", name=name).count() > 0


@pytest.mark.parametrize("perm", ROLES)
def test_an_element_shows_and_offers_what_the_role_may(
    embed: Embed, timur: Site, polyphemus: str, perm: str
) -> None:
    lively.make("dt_lung", datetime.now(UTC))
    timur.slots = 'window.SLOTS = { "browse-record": ["polyphemus-suggestions"] }'
    page = embed(BOTH, path=RECORD, perm=perm)
    page.wait_for_function("told.filter(([name]) => name === 'loaded' || name === 'error').length === 2")

    suggestions, orphans = page.locator("polyphemus-suggestions"), page.locator("polyphemus-orphans")
    assert ROLES[perm] == Sight(
        suggestion=suggestions.is_visible(),
        may_request=offers(suggestions, "Request this analysis"),
        orphans=orphans.is_visible(),
        may_review=offers(orphans, "Review the ticked ones"),
    )
