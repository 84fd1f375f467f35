"""A stranger follows `docs/how-to/write-a-loader.md` and is told of their own tube in the demo."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from loaders.declared import parsed
from loaders.registry import Registry
from tests.dispatch.waiting import wait_until
from tests.journeys.test_story import Demo

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "write-a-loader.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r'^```\w+ title="\.\./(\S+)"\n(.*?)^```', PAGE, re.MULTILINE | re.DOTALL))
COMMANDS = re.findall(r"^```sh\n(.*?)\n```", PAGE, re.MULTILINE | re.DOTALL)
#: Seconds for the story and everything after it, on a busy machine.
WHOLE_WAY = 400
TUBE = "DTL001.T2.rna"
BY_FILE = "gene_counts_by_file"


def run(command: str, *, cwd: Path = ROOT, stdin: str = "", env: dict[str, str] | None = None) -> str:
    """One of the page's commands, with this interpreter for the one of its `.venv`."""
    words = [sys.executable if word == ".venv/bin/python" else word for word in shlex.split(command)]
    done = subprocess.run(  # noqa: S603 — the page's own commands
        words, cwd=cwd, input=stdin, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def said(start: str, **places: Path) -> str:
    """The page's command that starts so, its places filled in."""
    (command,) = (one for one in COMMANDS if one.startswith(start))
    for name, place in places.items():
        command = command.replace(f"../{name}", shlex.quote(str(place)))
    return str(command)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """What the first command writes."""
    place = tmp_path / "gene_counts"
    run(said(".venv/bin/python manage.py startloader", gene_counts=place))
    return place


@pytest.fixture
def site(package: Path, tmp_path: Path) -> Path:
    """The package installed: beside the environment under test, not into it."""
    site = tmp_path / "site"
    flags = "--quiet --disable-pip-version-check --no-deps --target"
    run(f"{sys.executable} -m pip install {flags} {site} {package}")
    return site


@pytest.fixture
def demo(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Demo]:
    """The demo, with both spellings of the loader."""
    (tmp_path / "loaders").mkdir()
    text = FILES["loaders/gene_counts.yaml"].replace("name: gene_counts", f"name: {BY_FILE}")
    (tmp_path / "loaders" / "gene_counts.yaml").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv("POLYPHEMUS_LOADER_PATH", str(tmp_path / "loaders"))
    telling = Demo(seconds=WHOLE_WAY)
    yield telling
    telling.popen.send_signal(signal.SIGTERM)
    telling.end()


def environment(text: str) -> dict[str, str]:
    """What `. .polyphemus/demo/environment` sets."""
    pairs = (word.split("=", 1) for word in shlex.split(text) if "=" in word)
    return {**os.environ, **dict(pairs)}


def offered(env: dict[str, str]) -> list[Any]:
    """The tube's suggestions, as its requester sees them."""
    answer = httpx.get(
        f"{env['POLYPHEMUS_URL']}/api/v1/suggestions",
        params={"project": "dt_lung", "model": "rna_seq", "record": TUBE},
        headers={"Authorization": f"Etna {env['POLYPHEMUS_DEMO_PERSON']}"},
        timeout=20,
    )
    answer.raise_for_status()
    return list(answer.json()["suggestions"])


def both(env: dict[str, str]) -> Callable[[], bool]:
    return lambda: {one["loader"] for one in offered(env)} == {"gene_counts", BY_FILE}


@pytest.mark.journey
def test_the_page_leads_to_ones_own_suggestion(demo: Demo) -> None:
    told = demo.read_until("for commands elsewhere")
    assert "for commands elsewhere" in told, told
    env = environment((ROOT / ".polyphemus" / "demo" / "environment").read_text())
    load = said(".venv/bin/python -m magma.demo.load").split(" <")[0]

    loaded = run(load, stdin=FILES["tube.json"], env=env)
    wait_until(both(env), seconds=30)
    explained = run(said(".venv/bin/python manage.py explain"), env=env)
    scanned = run(said(".venv/bin/python manage.py scan"), env=env)
    models = run(said(".venv/bin/python manage.py models"), env=env)

    assert TUBE in loaded
    first, second = offered(env)
    assert first["reason"] == "The fastqs are there; no gene counts yet."
    assert first["alternatives"] == [second["id"]]
    assert explained.startswith(f"gene_counts 1 on rna_seq {TUBE} (dt_lung): due")
    assert re.search(r"^gene_counts: 1 due", scanned, re.MULTILINE)
    assert "gene_counts              matrix of 3 columns" in models


def test_what_is_written_is_what_the_page_shows(package: Path) -> None:
    shown = FILES["gene_counts/gene_counts/loader.py"]
    written = (package / "gene_counts" / "loader.py").read_text()

    assert spelled(shown) == spelled(written)


def spelled(source: str) -> Any:
    """The spelling of the loader in a piece of Python."""
    names: dict[str, Any] = {"__name__": "shown"}
    exec(source, names)  # noqa: S102 — the page's own code, and our template's
    registry = Registry()
    registry.add("the page", names["GeneCounts"])
    return registry.get("gene_counts").spelling


def test_both_spellings_on_the_page_are_the_same_loader() -> None:
    assert parsed(FILES["loaders/gene_counts.yaml"]).spelling == spelled(
        FILES["gene_counts/gene_counts/loader.py"]
    )


def test_its_test_passes_as_the_page_says(package: Path) -> None:
    assert "4 passed" in run(said(".venv/bin/python -m pytest", gene_counts=package), env={"PATH": ""})


def test_every_piece_of_json_and_yaml_on_the_page_reads() -> None:
    config = PAGE.split("```yaml\nconfig:")[1].split("```")[0]

    loader = parsed(FILES["loaders/gene_counts.yaml"] + f"config:{config}")

    assert json.loads(FILES["tube.json"])
    assert loader.spelling["config"]["params"] == {"genome": "GRCh38", "compartment": {"from": "compartment"}}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_on_the_page_is_one_we_know(command: str) -> None:
    known = (
        r"\.venv/bin/python (manage\.py (startloader|explain|scan|models)|-m (pytest|magma\.demo\.load)) .+"
        r"|\.venv/bin/pip install --editable \S+\nmake demo|\. \.polyphemus/demo/environment"
        r"|POLYPHEMUS_LOADER_PATH=\S+ make demo"
    )

    assert re.fullmatch(known, command)
