"""Pages lead where they say, and name files that are there (mkdocs holds the links inside docs/)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LINK = re.compile(r"\]\(([^)#:]+)\)")
NAMED = re.compile(r"`((?:analyst|dispatch|docs|loaders|magma|orphans|tests|polyphemus_site)/[\w./-]+\.\w+)`")
PAGES = sorted(page.relative_to(ROOT).as_posix() for page in (ROOT / "docs").rglob("*.md"))


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_every_page_a_root_page_leads_to_is_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")

    lost = [path for path in (*LINK.findall(text), *NAMED.findall(text)) if not (ROOT / path).exists()]

    assert lost == []


@pytest.mark.parametrize("page", PAGES)
def test_every_file_a_page_names_is_there(page: str) -> None:
    named = NAMED.findall((ROOT / page).read_text(encoding="utf-8"))

    assert [path for path in named if not (ROOT / path).exists()] == []
