"""The root's pages lead where they say (mkdocs holds the links inside docs/)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LINK = re.compile(r"\]\(([^)#:]+)\)")
NAMED = re.compile(r"`((?:docs|loaders|tests|polyphemus_site)/[\w./-]+\.\w+)`")


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_every_page_a_root_page_leads_to_is_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")

    lost = [path for path in (*LINK.findall(text), *NAMED.findall(text)) if not (ROOT / path).exists()]

    assert lost == []
