"""Every variable the code reads is documented, and no other."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("polyphemus_site", "magma", "loaders", "dispatch", "orphans")
READ = re.compile(r"""env\.\w+\(\s*"([A-Z][A-Z_]+)"|^USER_VARIABLE = "([A-Z_]+)\"""", re.MULTILINE)
DOCUMENTED = re.compile(r"^\| `([A-Z_]+)` \|", re.MULTILINE)


def read_by_the_code() -> set[str]:
    sources = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    pairs = [pair for path in sources for pair in READ.findall(path.read_text(encoding="utf-8"))]
    return {first or second for first, second in pairs}


def test_every_variable_that_is_read_is_documented_and_no_other() -> None:
    page = (ROOT / "docs/reference/environment.md").read_text(encoding="utf-8")

    assert set(DOCUMENTED.findall(page)) == read_by_the_code()


def test_settings_are_read_through_the_typed_readers_alone() -> None:
    bare = re.compile(r"os\.(environ\[|environ\.get|getenv)")
    readers = [
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if "demo" not in path.parts and bare.search(path.read_text(encoding="utf-8"))
    ]

    assert readers == []
