"""Programs branch on a refusal's code: each one that a call to dispatch may meet is on the API's page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
WRITTEN = re.compile(r"""^\s+code(?:: [\w.\[\]]+)? = "([a-z_]+)"|code="([a-z_]+)\"""", re.MULTILINE)
#: Said to operators by the admin and by commands, or not a refusal at all.
ELSEWHERE = frozenset({"text", "invalid_scheme", "invalid_public_key", "invalid_analyst", "invalid_address"})
#: What `invalid_NAME` stands for on the page.
NAMED = re.compile(r"invalid_(?!idempotency_key)\w+")


def sources() -> list[Path]:
    spoken_to_admins = {"keys.py", "key_bytes.py"}
    found = [*(ROOT / "polyphemus_site" / "api").rglob("*.py"), *(ROOT / "dispatch").rglob("*.py")]
    ours = [path for path in found if not {"configuring", "webhooks", "admin", "migrations"} & {*path.parts}]
    janus = ROOT / "polyphemus_site" / "janus" / "errors.py"
    return [*(path for path in ours if path.name not in spoken_to_admins), janus]


def codes() -> set[str]:
    pairs = [pair for path in sources() for pair in WRITTEN.findall(path.read_text(encoding="utf-8"))]
    return {one or other for one, other in pairs} - ELSEWHERE


@pytest.mark.parametrize("code", sorted(codes()))
def test_the_page_of_the_api_knows_it(code: str) -> None:
    assert f"`{code}`" in PAGE or NAMED.fullmatch(code)


def test_they_are_found_in_the_sources() -> None:
    assert {"already_awarded", "name_taken", "duplicate_key", "too_large", "cross_site"} <= codes()
