"""Lighthouse gives our pages full marks for accessibility; axe judges all of them, in the gallery."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.browser import lively
from tests.browser.conftest import ARGUMENTS, chromium_path
from tests.browser.pages.test_gallery import PLACES
from tests.polyphemus_site.janus.tokens import token

pytestmark = [pytest.mark.browser, pytest.mark.journey, pytest.mark.django_db(transaction=True)]

ROOT = Path(__file__).resolve().parents[3]
NODE = Path(sys.executable).parent / "node"
FLAGS = ["--headless=new", "--ignore-certificate-errors", *ARGUMENTS]
PATIENCE_SECONDS = 180
ADMINS = [
    PLACES[name]
    for name in (
        "project",
        "suggestion",
        "settings",
        "request_deferred",
        "configure_suggestion",
        "orphans",
        "mail",
        "analyses",
    )
]
VIEWERS = ["/", "/labors/suggestions", "/labors/requests", "/embed/record?project=labors"]


@pytest.mark.parametrize(("perm", "places"), [("a:labors;v:ipi", ADMINS), ("v:labors", VIEWERS)])
def test_lighthouse_gives_pages_a_hundred(site: str, perm: str, places: list[str]) -> None:
    labors = lively.make("labors", datetime.now(UTC))
    addresses = [site + place.format(suggestion=labors.suggestion.pk) for place in places]

    found = opinions(addresses, perm)

    poor = {address: one for address, one in found.items() if one["score"] != 1.0 or one["fault"]}
    assert poor == {}, json.dumps(poor, indent=1)


def opinions(addresses: list[str], perm: str) -> dict[str, dict[str, Any]]:
    """Lighthouse's findings by address, from a browser in whose world our host names exist."""
    asked = {
        "chromium": chromium_path(),
        "flags": FLAGS,
        "headers": {"Cookie": f"JANUS_TOKEN={token(perm=perm)}"},
        "addresses": addresses,
    }
    done = subprocess.run(  # noqa: S603 — a command of our own
        [str(NODE), str(ROOT / "tests/browser/lighthouse.mjs"), json.dumps(asked)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    opinions_by_address: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return opinions_by_address
