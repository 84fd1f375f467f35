from __future__ import annotations

import ast
from pathlib import Path

import pytest

from magma.wire import READS

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("polyphemus_site", "magma", "loaders", "dispatch", "orphans", "analyst")
#: The demo warehouse, and the demo's story, in which people load data by hand.
DEMOS = (ROOT / "magma" / "demo", ROOT / "polyphemus_site" / "demo")
#: The two commands that are about the demo.
SPEAK_OF_THE_DEMO = {"demo.py", "verify_recordings.py"}
#: Replays other people's writes as recordings hold them, and sends none: it says so by naming the addresses.
NAMES_WRITES_TO_REFUSE_THEM = ROOT / "magma" / "recordings" / "questioning.py"
WRITES = ("/update", "/update_model", "/gnomon")
#: Names the addresses that may be read, the naming rules among them; `magma.wire` sends those by GET alone.
NAMES_READS = ROOT / "magma" / "questions.py"


def our_code() -> list[Path]:
    paths = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return sorted(
        path for path in paths if not {*DEMOS} & {*path.parents} and path != NAMES_WRITES_TO_REFUSE_THEM
    )


def texts(path: Path) -> list[str]:
    """Every text of the code that is not its documentation."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
    ]


def imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    named = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return plain | named


@pytest.mark.parametrize("path", our_code(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_code_outside_the_demo_names_an_address_that_writes(path: Path) -> None:
    named = [text for text in texts(path) if text.startswith(WRITES)]

    assert named == (["/gnomon/"] if path == NAMES_READS else [])


def test_naming_rules_are_only_ever_read() -> None:
    assert {method for method, path in READS if path.startswith("/gnomon")} == {"GET"}


def test_only_the_script_that_runs_in_a_persons_browser_names_the_update() -> None:
    scripts = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "static").rglob("*.js")
        if "/update" in path.read_text(encoding="utf-8")
    }

    assert scripts == {"static/site/adopt.js"}


@pytest.mark.parametrize("path", our_code(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_code_outside_the_demo_leans_on_it(path: Path) -> None:
    of_the_demo = {name for name in imports(path) if name.startswith(("magma.demo", "polyphemus_site.demo"))}

    assert not of_the_demo or path.name in SPEAK_OF_THE_DEMO


def test_the_walk_over_the_tree_finds_a_write(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text('"""/update is spoken of."""\nimport httpx\nhttpx.post(f"{base}/update", json={})\n')

    found = [text for text in texts(wrong) if text.startswith(WRITES)]

    assert found == ["/update"]


def test_the_walk_covers_every_package() -> None:
    covered = {path.relative_to(ROOT).parts[0] for path in our_code()}

    assert {"polyphemus_site", "magma", "loaders", "dispatch", "orphans"} <= covered
